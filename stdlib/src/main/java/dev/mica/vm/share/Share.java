package dev.mica.vm.share;

import java.nio.file.Path;

/**
 * A host folder that the machine has.
 *
 * @param tag what the guest mounts it by
 * @param folder the host's folder, by the path it was opened by
 * @param identity which directory that is, as a text
 * @param readOnly whether the host lets nobody in the guest write to it
 * @param pid its file server's process id
 */
public record Share(String tag, Path folder, String identity, boolean readOnly, long pid) {}
