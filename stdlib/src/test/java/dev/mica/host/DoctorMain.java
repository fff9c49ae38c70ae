package dev.mica.host;

import dev.mica.Mica;
import java.nio.file.Path;

/** Prints the checks, a line each, for tests in another process. */
final class DoctorMain {
  private DoctorMain() {}

  public static void main(String[] args) {
    Mica mica = args.length == 0 ? Mica.open() : Mica.open(Path.of(args[0]));
    for (Check check : mica.host().checks()) {
      System.out.println(line(check));
    }
  }

  static String line(Check check) {
    return String.join(
        " | ", check.status().name(), check.name(), check.detail(), String.valueOf(check.fix()));
  }
}
