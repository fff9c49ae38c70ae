package dev.mica.license.check;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * Says whether a short history without indices is linearizable, by trying every order that time
 * allows: Wing and Gong's search with Lowe's memory of what was tried ("Testing for
 * linearizability", 2017). Exponential in the number of operations that overlap.
 *
 * @param <S> what is known after some operations; equal ones are the same
 * @param <I> what was asked
 * @param <O> what was answered
 */
public final class LinearChecker<S, I, O> {
  /**
   * What a client did.
   *
   * @param ended {@link Long#MAX_VALUE} if it was never answered
   * @param answer empty if it was never answered
   */
  public record Call<I, O>(long began, long ended, I asked, Optional<O> answer) {}

  public record Step<S, O>(S then, O answer) {}

  private record Tried<S>(Set<Integer> done, S state) {}

  private final List<Call<I, O>> calls;
  private final BiFunction<S, I, Step<S, O>> step;
  private final Set<Tried<S>> tried = new HashSet<>();

  private LinearChecker(List<Call<I, O>> calls, BiFunction<S, I, Step<S, O>> step) {
    this.calls = calls;
    this.step = step;
  }

  public static <S, I, O> boolean isLinearizable(
      S first, List<Call<I, O>> calls, BiFunction<S, I, Step<S, O>> step) {
    return new LinearChecker<>(calls, step).goesOn(first, new HashSet<>());
  }

  private boolean goesOn(S state, Set<Integer> done) {
    if (!tried.add(new Tried<>(Set.copyOf(done), state))) {
      return false;
    }
    long firstEnd = Long.MAX_VALUE;
    boolean allAnswered = true;
    for (int i = 0; i < calls.size(); i++) {
      if (!done.contains(i) && calls.get(i).answer().isPresent()) {
        allAnswered = false;
        firstEnd = Math.min(firstEnd, calls.get(i).ended());
      }
    }
    if (allAnswered) {
      return true; // those without an answer were never done
    }
    for (int i = 0; i < calls.size(); i++) {
      Call<I, O> call = calls.get(i);
      if (done.contains(i) || call.began() > firstEnd) {
        continue;
      }
      Step<S, O> next = step.apply(state, call.asked());
      if (call.answer().isEmpty() || call.answer().get().equals(next.answer())) {
        done.add(i);
        if (goesOn(next.then(), done)) {
          return true;
        }
        done.remove(i);
      }
    }
    return false;
  }
}
