package dev.mica.test;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Processes that write below a folder by path, as fast as they can. */
public final class Hammer implements AutoCloseable {
  /**
   * What one of them has done.
   *
   * @param name of its files, {@code NAME-0}, {@code NAME-1} and so on
   * @param acknowledged how many numbers it was told are on disk
   * @param refused how often it was told that the file system is read-only
   * @param wrong what else went wrong
   */
  public record Done(String name, int acknowledged, int refused, List<String> wrong) {
    /** The number that each of its files must hold: the last one that was acknowledged. */
    public Map<String, String> files() {
      Map<String, String> files = new TreeMap<>();
      for (int i = Math.max(0, acknowledged - FILES); i < acknowledged; i++) {
        files.put(name + "-" + i % FILES, Integer.toString(i));
      }
      return files;
    }
  }

  private static final int FILES = 20;

  private final List<Process> processes = new ArrayList<>();

  /** Starts {@code count} of them below {@code at}, which has a file "kept" of four bytes. */
  public Hammer(Path at, int count) {
    String program =
        Path.of(System.getProperty("mica.root"), "stdlib/src/test/lab/hammer.py").toString();
    try {
      for (int i = 0; i < count; i++) {
        processes.add(
            new ProcessBuilder("python3", program, at.toString(), "w" + i)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
      }
    } catch (IOException broken) {
      close();
      throw new UncheckedIOException(broken);
    }
  }

  /** Has them end, and tells what they did. */
  public List<Done> stop() throws IOException {
    for (Process process : processes) {
      process.getOutputStream().close();
    }
    List<Done> all = new ArrayList<>();
    for (Process process : processes) {
      List<String> lines =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
              .lines()
              .toList();
      all.add(
          new Done(
              "w" + all.size(),
              Integer.parseInt(lines.get(0)),
              Integer.parseInt(lines.get(1)),
              lines.subList(2, lines.size())));
    }
    return all;
  }

  @Override
  public void close() {
    processes.forEach(Process::destroy);
  }
}
