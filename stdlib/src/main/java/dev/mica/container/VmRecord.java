package dev.mica.container;

import dev.mica.core.Identity;
import dev.mica.failure.MicaException;
import dev.mica.folder.LayerSource;
import dev.mica.state.PathJson;
import dev.mica.state.Records;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The record of a VM.
 *
 * @param id names its files and never changes; its name can be given to another VM when it is gone
 * @param from the name of its start folder for people
 * @param lowers the directories of its start folder, topmost first
 * @param is which directories these paths mean
 * @param init whether its first process starts the program, and is not the program
 * @param stopSignal the signal that asks its program to end; empty: SIGTERM
 * @param restart whether it is started again when its program has ended by itself
 * @param remove whether it is removed when its program has ended
 * @param own commits without a name that were made for it and are removed with it, the topmost
 *     first
 */
record VmRecord(
    String name,
    String id,
    String from,
    List<Path> lowers,
    List<Identity> is,
    List<String> program,
    Map<String, String> environment,
    String user,
    String folder,
    boolean terminal,
    boolean input,
    long memory,
    int processors,
    Map<String, String> labels,
    Network network,
    List<Volume> shares,
    List<Ulimit> ulimits,
    boolean init,
    String stopSignal,
    Restart restart,
    boolean remove,
    List<String> own,
    Instant created) {
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");

  VmRecord {
    lowers = List.copyOf(lowers);
    is = List.copyOf(is);
    program = List.copyOf(program);
    environment = Map.copyOf(environment);
    labels = Map.copyOf(labels);
    shares = List.copyOf(shares);
    ulimits = List.copyOf(ulimits);
    own = List.copyOf(own);
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException("'" + id + "' is no VM's id");
    }
    if (lowers.isEmpty() || lowers.size() != is.size()) {
      throw new IllegalArgumentException("it does not say which directory each lower is");
    }
  }

  /** Another record of that name that is equal to this one, except its disk, network and shares. */
  VmSpec.Builder spec(String other, LayerSource start) {
    return VmSpec.of(other)
        .from(start)
        .program(program)
        .environment(environment)
        .user(user)
        .folder(folder)
        .terminal(terminal)
        .input(input)
        .memory(memory)
        .processors(processors)
        .labels(labels)
        .ulimits(ulimits)
        .init(init)
        .stopSignal(stopSignal)
        .restart(restart)
        .remove(remove);
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("name", name).put("id", id).put("from", from);
    ArrayNode below = json.putArray("lowers");
    lowers.forEach(lower -> below.add(PathJson.of(lower)));
    ArrayNode which = json.putArray("is");
    is.forEach(one -> which.add(one.text()));
    program.forEach(json.putArray("program")::add);
    put(json.putObject("environment"), environment);
    json.put("user", user).put("folder", folder);
    json.put("terminal", terminal).put("input", input);
    json.put("memory", memory).put("processors", processors);
    put(json.putObject("labels"), labels);
    put(json.putObject("network"), network);
    if (!shares.isEmpty()) {
      ArrayNode folders = json.putArray("shares");
      shares.forEach(share -> folders.add(share.toJson()));
    }
    if (!ulimits.isEmpty()) {
      ArrayNode limits = json.putArray("ulimits");
      ulimits.forEach(limit -> limits.add(limit.toString()));
    }
    if (init) {
      json.put("init", true);
    }
    if (!stopSignal.isEmpty()) {
      json.put("stopSignal", stopSignal);
    }
    if (restart.isOn()) {
      json.put("restart", restart.toString());
    }
    if (remove) {
      json.put("remove", true);
    }
    if (!own.isEmpty()) {
      own.forEach(json.putArray("own")::add);
    }
    json.put("created", created.toString());
    return json;
  }

  private static void put(ObjectNode json, Network network) {
    json.put("mode", network.mode());
    ArrayNode ports = json.putArray("ports");
    network.ports().forEach(port -> ports.add(port.toString()));
  }

  /** A record of an earlier Mica does not have it. */
  private static Network network(JsonNode json) {
    return json.isMissingNode()
        ? Network.NONE
        : Network.of(
            json.required("mode").asString(),
            strings(json.required("ports")).stream().map(Port::of).toList());
  }

  /** Likewise. */
  private static List<Volume> volumes(JsonNode json) {
    List<Volume> all = new ArrayList<>();
    json.forEach(one -> all.add(Volume.of(one)));
    return all;
  }

  /** Likewise. */
  private static List<Ulimit> ulimits(JsonNode json) {
    try {
      return strings(json).stream().map(Ulimit::of).toList();
    } catch (MicaException wrong) {
      throw new IllegalArgumentException(wrong.getMessage(), wrong);
    }
  }

  private static void put(ObjectNode json, Map<String, String> values) {
    new TreeMap<>(values).forEach(json::put);
  }

  static VmRecord of(String name, ObjectNode json) {
    List<Path> lowers = new ArrayList<>();
    for (JsonNode lower : json.required("lowers")) {
      Path path = PathJson.path(lower);
      if (path == null || !path.isAbsolute()) {
        throw new IllegalArgumentException("'" + lower + "' is no absolute path");
      }
      lowers.add(path);
    }
    VmRecord vm =
        new VmRecord(
            json.required("name").asString(),
            json.required("id").asString(),
            json.required("from").asString(),
            lowers,
            strings(json.required("is")).stream().map(Identity::of).toList(),
            strings(json.required("program")),
            map(json.required("environment")),
            json.required("user").asString(),
            json.required("folder").asString(),
            json.required("terminal").asBoolean(),
            json.required("input").asBoolean(),
            json.required("memory").asLong(),
            json.required("processors").asInt(),
            map(json.required("labels")),
            network(json.path("network")),
            volumes(json.path("shares")),
            ulimits(json.path("ulimits")),
            json.path("init").asBoolean(false),
            json.path("stopSignal").asString(""),
            Restart.of(json.path("restart").asString("no")),
            json.path("remove").asBoolean(false),
            strings(json.path("own")),
            Instant.parse(json.required("created").asString()));
    if (!vm.name.equals(name)) {
      throw new IllegalArgumentException("it is of the VM '" + vm.name + "'");
    }
    return vm;
  }

  private static List<String> strings(JsonNode json) {
    List<String> all = new ArrayList<>();
    json.forEach(one -> all.add(one.asString()));
    return all;
  }

  private static Map<String, String> map(JsonNode json) {
    Map<String, String> all = new TreeMap<>();
    json.properties().forEach(one -> all.put(one.getKey(), one.getValue().asString()));
    return all;
  }
}
