package dev.mica.shell.print;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.common.SpecVersion;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.io.IOContext;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLGenerator;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;
import tools.jackson.dataformat.yaml.util.StringQuotingChecker;

/**
 * YAML that readers of 1.1 and of 1.2 take for the same, and strings for strings. A string stands
 * without quotes only if it is known to be harmless, for there is no end to what some reader takes
 * for a number, a time or syntax: {@code 12:30}, {@code 1_000}, {@code <<}.
 */
final class Yaml extends YAMLFactory {
  private static final long serialVersionUID = 1L;

  /** Words, paths and sentences: they begin with a letter or a slash, and have no colon. */
  private static final Pattern WORDS =
      Pattern.compile(
          "[\\p{L}/][\\p{L}\\p{N}/._+@%=~-]*(,? [\\p{L}\\p{N}/._+@%~][\\p{L}\\p{N}/._+@%=~-]*)*");

  /** What the pattern may be asked about. */
  private static final int LONGEST = 1_000;

  private static final Set<String> RESERVED =
      Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf");

  /**
   * Lines that neither begin with a blank nor have anything that might be no character or break.
   */
  private static final Pattern LINES =
      Pattern.compile(
          "(?s)[\\p{L}\\p{N}\\p{P}\\p{S}]([\\p{L}\\p{N}\\p{P}\\p{S}\\p{M} \\n]*[\\p{L}\\p{N}\\p{P}\\p{S}\\p{M}\\n])?");

  Yaml() {
    super(
        builder()
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER)
            .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
            .stringQuotingChecker(new Quoting()));
  }

  @Override
  protected YAMLGenerator _createGenerator(ObjectWriteContext context, IOContext io, Writer out) {
    return new Generator(
        context,
        io,
        context.getStreamWriteFeatures(_streamWriteFeatures),
        context.getFormatWriteFeatures(_formatWriteFeatures),
        _quotingChecker,
        new Escaping(out),
        _version,
        _dumpSettings);
  }

  private static final class Quoting extends StringQuotingChecker {
    private static final long serialVersionUID = 1L;

    @Override
    public boolean needToQuoteName(String name) {
      return needToQuoteValue(name);
    }

    @Override
    public boolean needToQuoteValue(String value) {
      return value.length() > LONGEST
          || RESERVED.contains(value.toLowerCase(Locale.ROOT))
          || !WORDS.matcher(value).matches();
    }
  }

  /** Jackson asks nobody about strings of several lines. */
  private static final class Generator extends YAMLGenerator {
    Generator(
        ObjectWriteContext context,
        IOContext io,
        int streamFeatures,
        int formatFeatures,
        StringQuotingChecker quoting,
        Writer out,
        @Nullable SpecVersion version,
        DumpSettings settings) {
      super(context, io, streamFeatures, formatFeatures, quoting, out, version, settings);
    }

    @Override
    protected void _writeScalar(String value, String type, ScalarStyle style) {
      boolean lines = style != ScalarStyle.LITERAL || LINES.matcher(value).matches();
      super._writeScalar(value, type, lines ? style : ScalarStyle.DOUBLE_QUOTED);
    }
  }

  /**
   * Escapes what the emitter leaves and some reader takes for a break, a mark or nothing: it can
   * only be in double quotes.
   */
  private static final class Escaping extends FilterWriter {
    Escaping(Writer out) {
      super(out);
    }

    @Override
    public void write(int c) throws IOException {
      if (c >= 0x7f && (Unprintable.is(c) || c == 0x2028 || c == 0x2029 || c == 0xfeff)) {
        out.write(String.format("\\u%04x", c));
      } else {
        out.write(c);
      }
    }

    @Override
    public void write(char[] text, int from, int length) throws IOException {
      write(new String(text, from, length), 0, length);
    }

    @Override
    public void write(String text, int from, int length) throws IOException {
      int begin = from;
      for (int i = from; i < from + length; i++) {
        if (text.charAt(i) >= 0x7f) {
          out.write(text, begin, i - begin);
          write(text.charAt(i));
          begin = i + 1;
        }
      }
      out.write(text, begin, from + length - begin);
    }
  }
}
