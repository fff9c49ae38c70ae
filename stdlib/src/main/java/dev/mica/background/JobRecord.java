package dev.mica.background;

import dev.mica.state.Records;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The record of a job.
 *
 * @param what the command, without what may be secret
 * @param owner as {@code Caller.identity} tells callers apart
 * @param session the number of the session of the server that it was begun in; "" if in none
 * @param again the words of the command, if it can be taken up by running it again; else empty
 * @param status its exit status; 0 while it runs
 * @param ended when it ended; null while it runs
 */
record JobRecord(
    int id,
    String what,
    String owner,
    String session,
    List<String> again,
    Instant began,
    Job.State state,
    int status,
    @Nullable Instant ended) {
  JobRecord {
    again = List.copyOf(again);
  }

  static JobRecord begun(int id, String what, String owner, String session, List<String> again) {
    return new JobRecord(
        id, what, owner, session, again, Instant.now(), Job.State.RUNNING, 0, null);
  }

  JobRecord ended(Job.State how, int exit) {
    return new JobRecord(id, what, owner, session, again, began, how, exit, Instant.now());
  }

  boolean isRunning() {
    return state == Job.State.RUNNING;
  }

  ObjectNode toJson() {
    ObjectNode json = Records.object();
    json.put("id", id);
    json.put("what", what);
    json.put("owner", owner);
    json.put("session", session);
    again.forEach(json.putArray("again")::add);
    json.put("began", began.toString());
    json.put("state", state.name());
    json.put("status", status);
    if (ended != null) {
      json.put("ended", ended.toString());
    }
    return json;
  }

  /** Reads a record, in the form that {@link Records} asks for; it must have that name. */
  static JobRecord of(String name, ObjectNode json) {
    int id = json.required("id").asInt();
    if (!name.equals(Integer.toString(id))) {
      throw new IllegalArgumentException("it is of the job " + id);
    }
    List<String> again = new ArrayList<>();
    json.required("again").forEach(word -> again.add(word.asString()));
    JsonNode ended = json.path("ended");
    return new JobRecord(
        id,
        json.required("what").asString(),
        json.required("owner").asString(),
        json.path("session").asString(""),
        again,
        Instant.parse(json.required("began").asString()),
        Records.constant(Job.State.class, json.required("state")),
        json.required("status").asInt(),
        ended.isMissingNode() ? null : Instant.parse(ended.asString()));
  }
}
