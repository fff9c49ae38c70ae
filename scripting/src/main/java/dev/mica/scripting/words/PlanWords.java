package dev.mica.scripting.words;

import dev.mica.commit.Commit;
import dev.mica.folder.Folder;
import groovy.lang.Closure;
import groovy.lang.DelegatesTo;

/** The words inside a {@code plan { … }} block. Nothing of what they describe is done. */
public interface PlanWords {
  /** Describes a VM as outside of a plan; {@code start()} is planned as well. */
  PlannedVm vm(
      String name,
      @DelegatesTo(value = VmWords.class, strategy = Closure.DELEGATE_ONLY) Closure<?> block);

  /** Describes a union as outside of a plan. */
  void union(
      @DelegatesTo(value = UnionWords.class, strategy = Closure.DELEGATE_ONLY) Closure<?> block);

  /** The place at a path or URI. */
  Folder folder(String pathOrUri);

  /** The commit that a reference leads to. */
  Commit commit(String refOrId);
}
