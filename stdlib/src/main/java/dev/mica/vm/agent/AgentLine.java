package dev.mica.vm.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A line of the agent's protocol: {@code ID WORD KEY=VALUE ...}.
 *
 * @param word {@code ok}, {@code error}, or the name of an event
 */
record AgentLine(String id, String word, Map<String, String> facts) {
  private static final int LAST_PLAIN = 0x7e;

  boolean isAnswerTo(String request) {
    return id.equals(request) && (isOk() || word.equals("error"));
  }

  boolean isOk() {
    return word.equals("ok");
  }

  /** A request; the values are encoded. */
  static String request(String id, String verb, Map<String, String> values) {
    StringBuilder line = new StringBuilder(id).append(' ').append(verb);
    values.forEach((key, value) -> line.append(' ').append(key).append('=').append(value));
    return line.toString();
  }

  /** What a guest sent: anything. */
  static AgentLine parse(String line) throws IOException {
    String[] words = line.split(" ", -1);
    if (words.length < 2) {
      return new AgentLine("", "", Map.of()); // the rest of a line for another client
    }
    Map<String, String> facts = new LinkedHashMap<>();
    for (int i = 2; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      if (equals > 0) {
        facts.put(words[i].substring(0, equals), decode(words[i].substring(equals + 1)));
      }
    }
    return new AgentLine(words[0], words[1], facts);
  }

  /** An encoded value of several items. */
  static String list(List<?> items) {
    return items.stream().map(item -> encode(item.toString())).collect(Collectors.joining(","));
  }

  /** An encoded value; commas, too, because they separate the items of a list. */
  static String encode(String value) {
    return encode(value.getBytes(StandardCharsets.UTF_8));
  }

  /** The same for bytes that need not be text. */
  static String encode(byte[] value) {
    StringBuilder text = new StringBuilder();
    for (byte b : value) {
      int c = b & 0xff;
      if (c <= ' ' || c > LAST_PLAIN || c == '%' || c == '=' || c == ',') {
        text.append(String.format("%%%02X", c));
      } else {
        text.append((char) c);
      }
    }
    return text.toString();
  }

  static String decode(String text) throws IOException {
    var bytes = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '%') {
        bytes.write(hex(text, i + 1) << 4 | hex(text, i + 2));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static int hex(String text, int at) throws IOException {
    int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
    if (digit < 0) {
      throw new IOException("the agent sent a value that is not percent-encoded");
    }
    return digit;
  }
}
