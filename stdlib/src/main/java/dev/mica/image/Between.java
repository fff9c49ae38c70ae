package dev.mica.image;

import dev.mica.access.Caller;
import dev.mica.commit.Exchange;
import dev.mica.commit.LayerStore;
import dev.mica.core.Compression;
import dev.mica.failure.MicaException;
import dev.mica.failure.Why;
import dev.mica.job.Activity;
import dev.mica.remote.SshProgram;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * Commits from one Mica to another. One side offers an image, and the other takes those of its
 * layers that it lacks; either may be the one that was asked for it over SSH.
 */
final class Between {
  private static final String PUSH = "push to";
  private static final String PULL = "pull";

  private final Caller caller;
  private final LayerStore store;
  private final Blobs blobs;

  Between(Caller caller, LayerStore store, Blobs blobs) {
    this.caller = caller;
    this.store = store;
    this.blobs = blobs;
  }

  private SshProgram start(String doing, RemotePlace place, String verb) {
    return SshProgram.start(caller, doing, place.host(), place, new MicaThere(verb, place));
  }

  Exchange.Pushed push(String id, String text, Compression compression) {
    RemotePlace place = RemotePlace.parse(text);
    try (SshProgram ssh = start(PUSH, place, "receive");
        Activity activity = begin("push to " + place, ssh)) {
      return over(
          activity,
          PUSH,
          place,
          ssh,
          stream -> {
            Image image = new ImageBuilder(caller, store, blobs, blobs, compression).build(id);
            new Offer(image, stream, PUSH, place.toString()).serve();
            ssh.finish(PUSH);
            return new Exchange.Pushed(
                place.toString(), image.manifest().self().digest(), image.remarks());
          });
    }
  }

  Exchange.Loaded pull(String text, Optional<String> as, Optional<String> platform) {
    RemotePlace place = RemotePlace.parse(text);
    if (platform.isPresent()) {
      throw MicaException.usage(PULL, place, "a commit is for one platform")
          .hint("leave --platform");
    }
    try (SshProgram ssh = start(PULL, place, "send");
        Activity activity = begin("pull " + place, ssh)) {
      return over(
          activity,
          PULL,
          place,
          ssh,
          stream -> {
            Exchange.Loaded made =
                take(stream, place.origin(), place.tag(), as.orElse(place.ref()));
            ssh.finish(PULL);
            List<String> remarks = new ArrayList<>(MicaThere.remarks(ssh.said()));
            remarks.addAll(made.remarks());
            return new Exchange.Loaded(made.ids(), remarks);
          });
    }
  }

  private static Activity begin(String text, SshProgram ssh) {
    return Activity.begin(text, OptionalLong.empty(), ssh.work());
  }

  @FunctionalInterface
  private interface Talk<T> {
    T over(PeerStream stream) throws IOException;
  }

  private static <T> T over(
      Activity activity, String doing, RemotePlace place, SshProgram ssh, Talk<T> talk) {
    PeerStream stream = new PeerStream(ssh.in(), ssh.out(), place.toString());
    try (stream) {
      stream.greet();
      return talk.over(stream);
    } catch (IOException gone) {
      activity.check();
      throw ssh.explained(
          doing,
          MicaException.failed(doing, place, Why.of(gone)).hint(MicaThere.AGAIN).because(gone));
    } catch (MicaException failure) {
      activity.check();
      throw stream.hasGone() ? ssh.explained(doing, failure) : failure;
    }
  }

  /** The receiving side: makes a commit of what is offered. */
  private Exchange.Loaded take(PeerStream stream, String label, String tag, String ref)
      throws IOException {
    ImageLoader loader = new ImageLoader(store, blobs);
    PeerImage image = new PeerImage(stream, label);
    String id = loader.load(image, tag, Optional.empty(), ref);
    image.done(store.stack(id).manifest().orElseThrow());
    return new Exchange.Loaded(List.of(id), loader.remarks());
  }

  /** What another Mica runs here, to push. */
  Exchange.Loaded receive(String ref, InputStream in, OutputStream out) {
    int colon = ref.indexOf(':');
    String name = colon < 0 ? ref : ref.substring(0, colon);
    String tag = colon < 0 ? "latest" : ref.substring(colon + 1);
    return answering(
        "receive",
        ref,
        in,
        out,
        stream -> take(stream, "push:" + caller.user() + "/" + name, tag, ref));
  }

  /** What another Mica runs here, to pull; what the tars of its layers cannot hold. */
  List<String> send(String id, String label, InputStream in, OutputStream out) {
    return answering(
        "send",
        label,
        in,
        out,
        stream -> {
          Image image = new ImageBuilder(caller, store, blobs, blobs, Compression.GZIP).build(id);
          new Offer(image, stream, "send", label).serve();
          return image.remarks();
        });
  }

  private static <T> T answering(
      String doing, String object, InputStream in, OutputStream out, Talk<T> talk) {
    try (PeerStream stream = new PeerStream(in, out, "the other Mica")) {
      stream.greet();
      return talk.over(stream);
    } catch (IOException gone) {
      throw MicaException.failed(doing, object, Why.of(gone)).because(gone);
    }
  }
}
