package dev.mica.union;

/** Whether a union could be made. It is no word of {@link Unions}: scripts have plans for that. */
public final class UnionCheck {
  private UnionCheck() {}

  /**
   * Checks a union as {@link Unions#create} does; fails as that does. Nothing is made.
   *
   * @return the spec with its name, and with the mounter that it would have
   */
  public static UnionSpec of(Unions unions, UnionSpec asked) {
    return unions.check(asked);
  }
}
