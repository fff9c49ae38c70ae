package dev.mica.commit;

import dev.mica.folder.Diff;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The commits as {@code git log --graph} draws them: a lane for each line of descent. */
final class Graph {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB"};

  private final StringBuilder out = new StringBuilder();

  /** What each lane waits for: the id of a commit further down. */
  private final List<String> lanes = new ArrayList<>();

  private Graph() {}

  /** One row of the drawing: a commit and its text. */
  record Row(String id, Optional<String> parent, String text) {
    /** With its names, the first line of its message, and how much it changes. */
    static Row of(LiveCommit commit, Stats.Counts counts) {
      CommitRecord record = commit.record();
      Diff.Summary summary = counts.summary();
      StringBuilder text = new StringBuilder(record.id());
      List<String> refs = commit.refs();
      if (!refs.isEmpty()) {
        text.append(" (").append(String.join(", ", refs)).append(')');
      }
      if (!record.message().isEmpty()) {
        text.append(' ').append(record.message().lines().findFirst().orElse(""));
      }
      text.append("  +").append(summary.added());
      text.append(" ~").append(summary.modified());
      text.append(" -").append(summary.deleted());
      text.append(", ").append(size(counts.bytes()));
      return new Row(record.id(), record.parent(), text.toString());
    }
  }

  /** Rows come newest first, a parent after all its children. */
  static String draw(List<Row> rows) {
    Graph graph = new Graph();
    rows.forEach(graph::add);
    return graph.out.toString();
  }

  private void add(Row row) {
    int lane = lanes.indexOf(row.id);
    if (lane < 0) {
      lane = lanes.size();
      lanes.add(row.id);
    }
    for (int other = lanes.lastIndexOf(row.id); other > lane; other = lanes.lastIndexOf(row.id)) {
      join(lane, other);
    }
    for (int i = 0; i < lanes.size(); i++) {
      out.append(i == lane ? "* " : "| ");
    }
    line(row.text);
    if (row.parent.isPresent()) {
      lanes.set(lane, row.parent.get());
    } else {
      end(lane);
    }
  }

  /** Lane {@code from} turns left into lane {@code into}; those right of it move up. */
  private void join(int into, int from) {
    for (int i = 0; i < from; i++) {
      out.append('|').append(i == from - 1 ? '/' : i >= into ? '_' : ' ');
    }
    for (int i = from + 1; i < lanes.size(); i++) {
      out.append(" /");
    }
    lanes.remove(from);
    line("");
  }

  private void end(int lane) {
    lanes.remove(lane);
    if (lane < lanes.size()) {
      out.append("| ".repeat(lane));
      out.append(" /".repeat(lanes.size() - lane));
      line("");
    }
  }

  private void line(String text) {
    out.append(text);
    while (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
    out.append('\n');
  }

  /** Bytes for people: three digits, decimal units. */
  static String size(long bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    String digits = unit == 0 || value >= 99.95 ? "%.0f" : "%.1f";
    return String.format(Locale.ROOT, digits, value) + " " + UNITS[unit];
  }
}
