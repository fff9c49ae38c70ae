package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.vm.agent.AgentFailure;

/**
 * A program that could not be started, as a user knows it: by the VM's name and the program's, and
 * with the exit status that shells and other container programs have for it.
 */
final class Unstarted {
  private static final int NOT_FOUND = 127;
  private static final int NOT_RUN = 126;

  /** What the agent says when the runtime did not come to its end. */
  private static final String RUNTIME_ENDED = "the container runtime was ended";

  private Unstarted() {}

  /**
   * The failure for people.
   *
   * @param doing what was being done, to the VM {@code name}
   * @param program that was to be started
   * @param folder that it was to be started in
   * @param failure what the guest's agent says of it
   */
  static MicaException of(
      String doing, String name, String program, String folder, MicaException failure) {
    if (!(failure.getCause() instanceof AgentFailure told) || !told.step().equals(told.verb())) {
      return failure;
    }
    if (ofMount(told.note())) {
      return unmountable(name, told);
    }
    if (told.note().startsWith(RUNTIME_ENDED)) { // which says nothing of the program
      return MicaException.failed(doing, name, told.note()).hint("try again").because(told);
    }
    boolean ofFolder = told.note().contains("chdir");
    String what = ofFolder ? "its working folder " + folder : "its program " + program;
    int status = told.errno().equals("ENOENT") ? NOT_FOUND : NOT_RUN;
    String why =
        switch (told.errno()) {
          case "ENOENT" -> ofFolder ? "there is no such folder" : missing(program, told.note());
          case "EACCES", "EPERM" -> "permission denied"; // the latter of a folder
          case "ENOTDIR" -> "it is not a folder";
          case "ENOEXEC" -> "it is no program that the guest can run";
          default -> told.note();
        };
    return MicaException.failed(doing, name, what + ": " + why).exiting(status).because(told);
  }

  /** Where something is to be mounted there is nothing: the failure of its union, for people. */
  static MicaException ofUnion(String name, MicaException failure) {
    return failure.getCause() instanceof AgentFailure told && told.step().equals("mount point")
        ? unmountable(name, told)
        : failure;
  }

  private static MicaException unmountable(String name, AgentFailure told) {
    MicaException failure =
        MicaException.failed(
                "start the VM", name, "in its root nothing can be mounted: " + told.note())
            .because(told);
    boolean ofShare = told.errno().equals("ENOENT") || told.note().contains("`/shares/");
    return ofShare ? failure.hint("share the folder at another place in the container") : failure;
  }

  /** What the runtime mounts it does before it looks for the program. */
  private static boolean ofMount(String said) {
    return said.startsWith("openat2 `") || said.startsWith("mount `");
  }

  /** The runtime looks for the file first; after that, what is not there is its interpreter. */
  private static String missing(String program, String said) {
    if (!said.contains("executable file")) {
      return "the interpreter that it names is not there";
    }
    return program.contains("/") ? "there is no such file" : "not found in its PATH";
  }
}
