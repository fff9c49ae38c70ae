package dev.mica.helper;

import dev.mica.schema.Descriptor;
import dev.mica.schema.Shape;
import dev.mica.vm.share.Share;

/** The helper VM. */
public final class HelperSchema {
  /** The helper VM. */
  public static final Descriptor<HelperVm> HELPER =
      Descriptor.of(
          HelperSchema.class,
          HelperVm.class,
          Shape.<HelperVm>of("helpers")
              .essential("state", "string", HelperVm::state)
              .column("accel", "string", HelperVm::accel)
              .column("memory", "number", HelperVm::memory)
              .column("unions", "[string]", HelperVm::unions)
              .column(
                  "shares",
                  "[string]",
                  helper -> helper.shares().stream().map(HelperSchema::share).toList())
              .field("kernel", "string", HelperVm::kernel)
              .field("pid", "number", HelperVm::pid)
              .field("started", "time|null", helper -> helper.started().orElse(null))
              .field("log", "string", helper -> helper.log().location())
              .build());

  private HelperSchema() {}

  private static String share(Share share) {
    return share.folder() + (share.readOnly() ? ":ro" : "");
  }
}
