package dev.mica.image;

import dev.mica.core.Core;
import dev.mica.core.LayerFlag;
import java.util.EnumSet;
import java.util.Set;

/** How layers of the store are made and read by this process. */
final class LayerForm {
  private LayerForm() {}

  /** Flushed; of a user without privilege with what such a user may have. */
  static Set<LayerFlag> flags() {
    return Core.isPrivileged()
        ? EnumSet.of(LayerFlag.SYNC)
        : EnumSet.of(LayerFlag.SYNC, LayerFlag.USERXATTR, LayerFlag.OWN);
  }

  /** For writing one as a tar, flushed. */
  static Set<LayerFlag> written() {
    return Core.isPrivileged()
        ? EnumSet.of(LayerFlag.SYNC)
        : EnumSet.of(LayerFlag.SYNC, LayerFlag.USERXATTR);
  }
}
