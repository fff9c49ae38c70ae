package dev.mica.test;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A JVM of its own with the tests' class path, for what must happen in another process. */
public final class Child {
  /** Options of a JVM that lives a moment: as little as possible before main, no C2. */
  public static final List<String> QUICK =
      List.of(
          "-XX:TieredStopAtLevel=1",
          "-XX:+UseSerialGC",
          "-XX:-UsePerfData",
          "--enable-native-access=ALL-UNNAMED");

  private Child() {}

  /** The words that start {@code main}. */
  public static List<String> command(Class<?> main, Object... arguments) {
    return Recorded.CHILDREN.command(main, arguments);
  }

  /** What hundreds of them load is recorded once for each JVM that runs tests. */
  private static final class Recorded {
    static final Archived CHILDREN = Archived.once("children", ChildTraining.class);
  }

  /**
   * Children that find the classes loaded and linked that a first one has used: they take a quarter
   * of the time, which counts where hundreds are started. An AOT cache takes jars only, so
   * directories become some.
   */
  public static final class Archived {
    private final Path archive;
    private final String classPath;

    /**
     * Records {@code main} for this JVM, in a directory of the module's {@code target}; what JVMs
     * that have ended left there is removed.
     */
    public static Archived once(String name, Class<?> main, Object... arguments) {
      Path all = Path.of("target", name).toAbsolutePath();
      try (Stream<Path> earlier = Files.list(Files.createDirectories(all))) {
        earlier.filter(Archived::isOver).forEach(each -> Scratch.run("rm", "-rf", each.toString()));
        String own = Long.toString(ProcessHandle.current().pid());
        return new Archived(Files.createDirectory(all.resolve(own)), main, arguments);
      } catch (IOException broken) {
        throw new UncheckedIOException(broken);
      }
    }

    /** Whether the JVM of that number has ended. */
    private static boolean isOver(Path directory) {
      return ProcessHandle.of(Long.parseLong(String.valueOf(directory.getFileName()))).isEmpty();
    }

    /** Runs {@code main} with these arguments and records it in {@code directory}. */
    public Archived(Path directory, Class<?> main, Object... arguments) {
      archive = directory.resolve("classes.aot");
      classPath =
          Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
              .map(Path::of)
              .filter(Files::exists)
              .map(entry -> Files.isDirectory(entry) ? jar(entry, directory) : entry)
              .map(Path::toString)
              .collect(Collectors.joining(File.pathSeparator));
      List<String> recording =
          List.of("-XX:AOTCacheOutput=" + archive, "-Xlog:all=off", "-Xlog:disable");
      List<String> command =
          new ArrayList<>(List.of("env", "MICA_HOME=" + directory.resolve("home")));
      command.add("MICA_WITHOUT=guest");
      command.addAll(Child.command(recording, classPath, main, arguments));
      String said = Scratch.run(command.toArray(String[]::new));
      if (!Files.exists(archive)) {
        throw new AssertionError("nothing was recorded: " + said);
      }
    }

    private static Path jar(Path classes, Path directory) {
      Path jar = directory.resolve(classes.toString().replace('/', '_') + ".jar");
      String program = Path.of(System.getProperty("java.home"), "bin", "jar").toString();
      Scratch.run(program, "-c", "-0", "-f", jar.toString(), "-C", classes.toString(), ".");
      return jar;
    }

    /** The words that start {@code main}. */
    public List<String> command(Class<?> main, Object... arguments) {
      return command(List.of(), main, arguments);
    }

    /** The words that start {@code main} in a JVM with these options. */
    public List<String> command(List<String> options, Class<?> main, Object... arguments) {
      List<String> all = new ArrayList<>(List.of("-XX:AOTCache=" + archive));
      all.addAll(options);
      return Child.command(all, classPath, main, arguments);
    }
  }

  private static List<String> command(
      List<String> options, String classPath, Class<?> main, Object... arguments) {
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(QUICK);
    words.add("-Dmica.core=" + System.getProperty("mica.core"));
    words.add("-Dmica.root=" + System.getProperty("mica.root"));
    words.addAll(options);
    words.add("-cp");
    words.add(classPath);
    words.add(main.getName());
    for (Object argument : arguments) {
      words.add(argument.toString());
    }
    return words;
  }

  /** Starts it; what it says on stderr is the test's. */
  public static Process start(List<String> command) {
    try {
      return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    } catch (IOException broken) {
      throw new UncheckedIOException(broken);
    }
  }
}
