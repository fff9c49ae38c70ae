package dev.mica.core;

import java.util.Set;

/**
 * One mount of this process's namespace. Texts are decoded as UTF-8 with U+FFFD for what is not.
 *
 * @param id the kernel's number for it
 * @param parent the number of the mount it lies on
 * @param target where it is: an absolute path
 * @param source the first column of mount(8)
 * @param type the file system's type
 * @param options of its super block, as the kernel prints them
 * @param flags of the mount itself
 */
public record Mount(
    int id,
    int parent,
    String target,
    String source,
    String type,
    String options,
    Set<MountFlag> flags) {}
