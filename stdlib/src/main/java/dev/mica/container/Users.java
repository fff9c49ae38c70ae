package dev.mica.container;

import dev.mica.failure.MicaException;
import dev.mica.vm.agent.Agent;
import dev.mica.vm.agent.AgentFailure;
import java.util.List;
import java.util.regex.Pattern;

/** Users of programs in a container: by name or number, as the files of its root have them. */
final class Users {
  /** Root, in no group but its own; nothing has to be looked up for it. */
  static final String ROOT = "0:0";

  private static final Agent.User IS_ROOT = new Agent.User(0, 0, List.of(), "/root");

  /** Of a name nothing else is known beforehand; a longer one is in no file. */
  private static final Pattern USER = Pattern.compile("[^:]{1,256}(:[^:]{1,256})?");

  private Users() {}

  /** Fails with a usage failure of {@code doing}, to the VM {@code name}, where it is none. */
  static void requireSound(String doing, String name, String user) {
    if (!USER.matcher(user).matches() || user.chars().anyMatch(Character::isISOControl)) {
      throw MicaException.usage(
          doing,
          name,
          "its user is USER or USER:GROUP, each a name or a number, not '" + user + "'");
    }
  }

  /** Looks one up in the container whose root is the union {@code id}. */
  static Agent.User find(Agent agent, String doing, String name, String id, String user) {
    if (user.equals(ROOT)) {
      return IS_ROOT;
    }
    try {
      return agent.user(id, user);
    } catch (MicaException failure) {
      if (failure.getCause() instanceof AgentFailure told && told.errno().equals("ENOENT")) {
        throw MicaException.failed(doing, name, told.note())
            .hint("choose one that it has, or a number")
            .because(told);
      }
      throw failure;
    }
  }
}
