package dev.mica.scripting.words;

import dev.mica.Schemas;
import dev.mica.schema.Descriptor;
import dev.mica.schema.Member;
import dev.mica.schema.Schema;
import dev.mica.schema.Shape;

/** What there is to say of the language. */
public final class WordsSchema {
  /** The words a script begins with, which are of no object. */
  private static final Descriptor<Words> WORDS =
      new Descriptor<>(Words.class, WordsSchema.class, "Words", Member::call, null);

  private static final Descriptor<UnionWords> UNION_WORDS =
      new Descriptor<>(
          UnionWords.class,
          WordsSchema.class,
          "a union block",
          member -> "union { " + member.name() + " }",
          null);

  private static final Descriptor<VmWords> VM_WORDS =
      new Descriptor<>(
          VmWords.class,
          WordsSchema.class,
          "a vm block",
          member -> "vm { " + member.name() + " }",
          null);

  private static final Descriptor<PlanWords> PLAN_WORDS =
      new Descriptor<>(
          PlanWords.class,
          WordsSchema.class,
          "a plan block",
          member -> "plan { " + member.name() + " }",
          null);

  private static final Descriptor<PlannedVm> PLANNED_VM =
      Descriptor.of(
          WordsSchema.class,
          PlannedVm.class,
          Shape.<PlannedVm>of("planned VMs").essential("name", "string", PlannedVm::name).build());

  /** Something that would be done. */
  public static final Descriptor<Step> STEP =
      Descriptor.of(
          WordsSchema.class,
          Step.class,
          Shape.<Step>of("steps")
              .essential("does", "string", Step::does)
              .essential("what", "string", Step::what)
              .column("how", "string", Step::how)
              .column("problem", "string", Step::problem)
              .build());

  /** What is added to numbers. */
  private static final Descriptor<Number> NUMBER =
      Descriptor.of(WordsSchema.class, Number.class, null);

  /** The words, the objects, and what is added to Java's own types. */
  public static final Schema LANGUAGE =
      Schema.of(WORDS, UNION_WORDS, VM_WORDS, PLAN_WORDS, PLANNED_VM, STEP)
          .and(Schemas.OBJECTS)
          .and(Schema.of(NUMBER));

  private WordsSchema() {}
}
