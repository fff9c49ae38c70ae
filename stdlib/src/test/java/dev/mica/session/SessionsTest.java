package dev.mica.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.mica.Mica;
import dev.mica.access.Caller;
import dev.mica.access.Door;
import dev.mica.access.Role;
import dev.mica.audit.AuditLine;
import dev.mica.failure.MicaException;
import dev.mica.test.ScratchTest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who sees which sessions, and what they may do to them. */
final class SessionsTest extends ScratchTest {
  private final Caller ann = caller("ann", Role.ADMIN);
  private final Caller olga = caller("olga", Role.OPERATOR);
  private final Caller victor = caller("victor", Role.VIEWER);
  private final List<Seat> seats = new ArrayList<>();

  private static Caller caller(String name, Role role) {
    return Caller.of(name, role, Path.of("/"), Map.of()).by(Door.ssh("10.0.0.1", "SHA256:" + name));
  }

  /** The numbers 1 to 4. */
  private void open() {
    mica.sessions().serve(true);
    for (Caller each : List.of(ann, olga, victor)) {
      seats.add(new Seat(each));
    }
    seats.add(new Seat(olga, Served.Kind.SFTP));
    for (Seat each : seats) {
      mica.sessions().enter(each);
    }
  }

  private Sessions of(String user) {
    return mica.as(
            Stream.of(ann, olga, victor)
                .filter(each -> each.user().equals(user))
                .findFirst()
                .orElseThrow())
        .sessions();
  }

  @ParameterizedTest
  @CsvSource({"ann, 1 2 3 4", "olga, 2 4", "victor, 3"})
  void everybodySeesTheirOwnAndAdminsAll(String user, String ids) {
    open();
    List<String> all = List.of(ids.split(" ", -1));
    assertThat(of(user).list()).extracting(Session::id).containsExactlyElementsOf(all);
    for (String id : List.of("1", "2", "3", "4", "5", "x")) {
      assertThat(of(user).find(id).isPresent()).as(id).isEqualTo(all.contains(id));
      if (!all.contains(id)) {
        assertThatThrownBy(() -> of(user).get(id))
            .isInstanceOf(MicaException.class)
            .hasMessageStartingWith("cannot find the session " + id + ": there is none of that na");
      }
    }
  }

  @Test
  void whatASessionIs() {
    open();
    Session prompt = of("ann").get("3");
    assertThat(List.of(prompt.user(), prompt.role(), prompt.from(), prompt.key(), prompt.size()))
        .containsExactly("victor", "viewer", "10.0.0.1", "SHA256:victor", "80x24");
    assertThat(prompt.kind()).isEqualTo(Served.Kind.PROMPT);
    assertThat(prompt.idle()).isEqualTo(7);
    assertThat(of("ann").get("4").size()).isEmpty();
  }

  @Test
  void oneThatHasEndedIsGoneAndItsNumberIsNotUsedAgain() {
    open();
    Seat fifth = new Seat(olga);
    mica.sessions().enter(fifth);
    assertThat(of("olga").list()).extracting(Session::id).containsExactly("2", "4", "5");
    mica.sessions().leave(fifth, 0);
    mica.sessions().enter(new Seat(olga));
    assertThat(of("olga").list()).extracting(Session::id).containsExactly("2", "4", "6");
  }

  @ParameterizedTest
  @CsvSource({"ann, 1 2 3", "mica, 1 2 3"})
  void anAdminTellsAllWhoHaveAPlaceForIt(String who, String reached) {
    open();
    Mica admin = who.equals("ann") ? mica.as(ann) : mica;
    assertThat(admin.sessions().message("one\ntwo"))
        .extracting(Session::id)
        .containsExactlyElementsOf(List.of(reached.split(" ", -1)));
    String name = admin.caller().user();
    assertThat(seats.get(1).said).containsExactly(name + " says: one", name + " says: two");
    assertThat(seats.get(3).said).isEmpty();
    assertThatThrownBy(() -> admin.sessions().get("4").message("x"))
        .hasMessageStartingWith("cannot send a message to the session 4 of olga: it has no place");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\n"})
  void aMessageHasAText(String text) {
    open();
    for (String message : List.of(text, "x".repeat(2001))) {
      assertThatThrownBy(() -> of("ann").message(message))
          .hasMessageStartingWith("cannot send a message to all sessions: a message has 1 to 2000");
    }
    assertThat(seats).allMatch(seat -> seat.said.isEmpty());
  }

  /** The number, who ends it, and whether they may: what is not theirs is not there for them. */
  @ParameterizedTest
  @CsvSource({"3, ann, true", "3, victor, true", "3, olga, false", "2, victor, false"})
  void everybodyEndsTheirOwnAndAdminsAll(int number, String who, boolean ends) {
    open();
    if (ends) {
      of(who).get("" + number).kill();
    } else {
      assertThatThrownBy(() -> of(who).get("" + number)).isInstanceOf(MicaException.class);
    }
    assertThat(seats.get(number - 1).ended)
        .isEqualTo(ends ? List.of("this session was ended by " + who) : List.of());
    assertThat(mica.audit().list())
        .extracting(AuditLine::user, AuditLine::what, AuditLine::outcome)
        .isEqualTo(ends ? List.of(tuple(who, "end the session 3 of victor", "ok")) : List.of());
  }

  /** A session that is shared is there for all, but not who its user is, and not its end. */
  @Test
  void aSharedSessionMayBeWatchedByAll() {
    open();
    of("victor").get("3").share(true);
    Session shared = of("olga").get("3");
    assertThat(List.of(shared.user(), shared.from(), shared.key()))
        .containsExactly("victor", "", "");
    try (Watch watch = shared.watch()) {
      assertThat(of("victor").get("3").watches()).isEqualTo(1);
      assertThat(watch.session()).isEqualTo("the session 3 of victor");
    }
    assertThat(of("victor").get("3").watches()).isZero();
    for (ThrowingCallable each :
        List.<ThrowingCallable>of(shared::kill, () -> shared.share(false))) {
      assertThatThrownBy(each)
          .hasMessageContaining("olga is an operator, and that is for an admin");
    }
    of("victor").get("3").share(false);
    assertThat(of("olga").find("3")).isEmpty();
    assertThat(mica.audit().list())
        .extracting(AuditLine::user, AuditLine::what, AuditLine::outcome)
        .containsExactly(
            tuple("victor", "share the session 3 of victor", "ok"),
            tuple("olga", "watch the session 3 of victor", "ok"),
            tuple("olga", "end the session 3 of victor", "refused"),
            tuple("olga", "share no longer the session 3 of victor", "refused"),
            tuple("victor", "share no longer the session 3 of victor", "ok"));
  }

  @Test
  void whatHasNoTerminalIsNotWatched() {
    open();
    for (ThrowingCallable each :
        List.<ThrowingCallable>of(
            () -> of("olga").get("4").watch(), () -> of("olga").get("4").share(true))) {
      assertThatThrownBy(each).hasMessageContaining("the session 4 of olga: it has no terminal");
    }
  }

  @Test
  void withoutAServerThereAreNone() {
    for (Runnable each :
        List.<Runnable>of(
            () -> mica.sessions().list(),
            () -> mica.sessions().get("1"),
            () -> mica.sessions().message("x"))) {
      assertThatThrownBy(each::run)
          .isInstanceOf(MicaException.class)
          .hasMessageContaining(": no server runs in this process; ask that of mica serve");
    }
    mica.sessions().serve(true);
    assertThat(mica.sessions().list()).isEmpty();
    mica.sessions().serve(false);
    assertThatThrownBy(() -> mica.sessions().list()).hasMessageContaining("no server runs");
  }
}
