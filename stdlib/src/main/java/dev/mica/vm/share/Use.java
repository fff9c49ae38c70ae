package dev.mica.vm.share;

/** What a folder is in the guest, which decides what its file server may do and remember. */
enum Use {
  /** A layer below others. Nobody changes it, so the guest may keep what it knows of it. */
  LOWER("always", "always", "+sys_admin:-chown:-fsetid:-mknod:-setfcap"),
  /**
   * The layer that is written to. The host writes to its files too, so the guest asks each time.
   */
  UPPER("none", "never", "+sys_admin"),
  /**
   * A folder that programs of this host use too. The guest asks each time what a file is, and keeps
   * its bytes as long as it is that, for without them no file could be mapped and written to. The
   * server in Rust is asked again after a second.
   */
  VOLUME("auto,timeout=0", "auto", "-fsetid:-mknod:-setfcap"),
  /** The same, which nobody in the guest can write to. */
  READ_ONLY_VOLUME("auto,timeout=0", "auto", "-chown:-fsetid:-mknod:-setfcap");

  private final String cacheOfC;
  private final String cacheOfRust;
  private final String capabilities;

  Use(String cacheOfC, String cacheOfRust, String capabilities) {
    this.cacheOfC = cacheOfC;
    this.cacheOfRust = cacheOfRust;
    this.capabilities = capabilities;
  }

  static Use layer(boolean readOnly) {
    return readOnly ? LOWER : UPPER;
  }

  static Use volume(boolean readOnly) {
    return readOnly ? READ_ONLY_VOLUME : VOLUME;
  }

  boolean readOnly() {
    return this == LOWER || this == READ_ONLY_VOLUME;
  }

  boolean isVolume() {
    return this == VOLUME || this == READ_ONLY_VOLUME;
  }

  String cacheOfC() {
    return cacheOfC;
  }

  String cacheOfRust() {
    return cacheOfRust;
  }

  /** Those that are added to what the program keeps by itself, or taken from it. */
  String capabilities() {
    return capabilities;
  }
}
