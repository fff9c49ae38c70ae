package dev.mica.license.key;

import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.Base64;
import java.util.Optional;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A signed document in one line of text: a compact JWS (RFC 7515) with EdDSA (RFC 8037), which is
 * the only algorithm that is known. A line that is taken has one form: no other line has the same
 * content and signature.
 */
final class Jws {
  /** The longest that is looked at, in characters. */
  static final int LONGEST = 8192;

  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private Jws() {}

  /** The line of {@code content}, signed by the owner of the key that is called {@code keyId}. */
  static String line(ObjectNode content, String keyId, String type, PrivateKey key) {
    ObjectNode header =
        STRICT.createObjectNode().put("alg", "EdDSA").put("typ", type).put("kid", keyId);
    String signed = part(header) + "." + part(content);
    byte[] signature = Ed25519.sign(key, signed.getBytes(StandardCharsets.US_ASCII));
    return signed + "." + ENCODER.encodeToString(signature);
  }

  private static String part(JsonNode json) {
    return ENCODER.encodeToString(json.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * The content of {@code line}, if it is signed.
   *
   * @param publicKey gives the public key for a key's id, if it is known
   */
  static JsonNode content(String line, String type, Function<String, Optional<byte[]>> publicKey)
      throws BadKeyException {
    if (line.length() > LONGEST) {
      throw new BadKeyException("it is longer than " + LONGEST + " characters");
    }
    String[] parts = line.split("\\.", -1);
    if (parts.length != 3) {
      throw new BadKeyException("it has not three parts with dots between them");
    }
    JsonNode header = json("header", parts[0]);
    if (header.size() != 3
        || !header.path("alg").asString("").equals("EdDSA")
        || !header.path("typ").asString("").equals(type)
        || !header.path("kid").isString()) {
      throw new BadKeyException("its header is not that of a " + type);
    }
    String keyId = header.get("kid").asString();
    byte[] known =
        publicKey
            .apply(keyId)
            .orElseThrow(() -> new BadKeyException("its issuer " + keyId + " is not known here"));
    byte[] signed = (parts[0] + "." + parts[1]).getBytes(StandardCharsets.US_ASCII);
    if (!Ed25519.isSigned(known, signed, bytes("signature", parts[2]))) {
      throw new BadKeyException("its signature is not that of " + keyId);
    }
    return json("content", parts[1]);
  }

  private static JsonNode json(String what, String part) throws BadKeyException {
    try {
      JsonNode json = STRICT.readTree(bytes(what, part));
      if (!json.isObject()) {
        throw new BadKeyException("its " + what + " is no object");
      }
      return json;
    } catch (JacksonException wrong) {
      throw new BadKeyException("its " + what + " is no JSON", wrong);
    }
  }

  private static byte[] bytes(String what, String part) throws BadKeyException {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(part);
      if (ENCODER.encodeToString(bytes).equals(part)) {
        return bytes;
      }
    } catch (IllegalArgumentException wrong) {
      throw new BadKeyException("its " + what + " is no base64url", wrong);
    }
    throw new BadKeyException("its " + what + " has another form than was signed");
  }
}
