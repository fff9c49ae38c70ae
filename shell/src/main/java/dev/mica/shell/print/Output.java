package dev.mica.shell.print;

import dev.mica.schema.Schema;
import dev.mica.schema.Shape;
import dev.mica.scripting.words.WordsSchema;
import dev.mica.shell.attach.Attachment;
import dev.mica.shell.attach.Client;
import dev.mica.shell.attach.TerminalFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.Iterator;
import java.util.stream.Stream;
import tools.jackson.core.exc.JacksonIOException;

/** Prints results in the format asked for. */
public final class Output {
  private final Writer out;
  private final TerminalFormat terminalFormat;
  private final Client client;
  private final Schema schema;

  public Output(Writer out, TerminalFormat terminalFormat) {
    this(out, terminalFormat, Client.NONE);
  }

  public Output(Writer out, TerminalFormat terminalFormat, Client client) {
    this(out, terminalFormat, client, WordsSchema.LANGUAGE);
  }

  /** Of objects that {@code schema} describes. */
  Output(Writer out, TerminalFormat terminalFormat, Client client, Schema schema) {
    this.out = out;
    this.terminalFormat = terminalFormat;
    this.client = client;
    this.schema = schema;
  }

  /** Whether it is for somebody at a terminal. */
  public boolean hasTerminal() {
    return client.hasTerminal();
  }

  Schema schema() {
    return schema;
  }

  /** Prints {@code result}; returns how many rows there were, 1 for a single thing. */
  public long print(Result result, Format format) {
    try {
      long count = format == Format.TABLE ? table(result) : document(result, format);
      out.flush();
      return count;
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (JacksonIOException failed) {
      throw new UncheckedIOException(failed.getCause());
    }
  }

  /** Attaches what is to be attached, until one of the two sides ends; the exit status. */
  public int attach(Result.Attached attached, Format format) {
    if (format != Format.TABLE) {
      print(attached, format);
      return 0;
    }
    try {
      return attach(attached);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private int attach(Result.Attached attached) throws IOException {
    try (Attachment what = attached.what()) {
      out.flush();
      return client.attach(what, out); // which leaves nothing unflushed
    } finally {
      attached.afterwards().run();
    }
  }

  private long table(Result result) throws IOException {
    TableWriter table = new TableWriter(out, terminalFormat);
    switch (result) {
      case Result.Rows<?> rows -> {
        return rows(rows, table::rows);
      }
      case Result.One<?> one -> one(table, one);
      case Result.Value value -> {
        return table(value.shown());
      }
      case Result.Text text -> table.text(text.text());
      case Result.Help help -> table.prose(help.text());
      case Result.Done done -> {
        return 0;
      }
      case Result.Attached attached -> attach(attached);
      case Result.Drawing<?> drawing -> {
        drawing.rows().close();
        table.picture(drawing.picture().get());
      }
    }
    return 1;
  }

  private long document(Result result, Format format) throws IOException {
    try (DocumentWriter document = new DocumentWriter(out, format, schema)) {
      switch (result) {
        case Result.Rows<?> rows -> {
          return rows(rows, document::rows);
        }
        case Result.Drawing<?> drawing -> {
          return rows(rowsOf(drawing), document::rows);
        }
        case Result.One<?> one -> one(document, one);
        case Result.Value value -> document.value(value.value());
        case Result.Text text -> document.text(text.key(), text.text());
        case Result.Help help -> document.text("help", help.text());
        case Result.Done done -> throw new IllegalStateException("printed already: " + done);
        case Result.Attached attached -> {
          try (Attachment what = attached.what()) {
            document.text("console", client.record(what));
          }
        }
      }
    }
    return 1;
  }

  private static <T> Result.Rows<T> rowsOf(Result.Drawing<T> drawing) {
    return new Result.Rows<>(drawing.shape(), drawing.rows());
  }

  private static <T> void one(TableWriter table, Result.One<T> one) throws IOException {
    table.one(one.shape(), one.value());
  }

  private static <T> void one(DocumentWriter document, Result.One<T> one) {
    document.one(one.shape(), one.value());
  }

  private static <T> long rows(Result.Rows<T> rows, RowsWriter writer) throws IOException {
    try (Stream<T> stream = rows.rows()) {
      return writer.rows(rows.shape(), stream.iterator());
    }
  }

  private interface RowsWriter {
    <T> long rows(Shape<T> shape, Iterator<T> rows) throws IOException;
  }
}
