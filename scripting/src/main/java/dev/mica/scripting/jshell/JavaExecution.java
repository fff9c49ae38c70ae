package dev.mica.scripting.jshell;

import dev.mica.scripting.run.Interrupt;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Label;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;
import org.jspecify.annotations.Nullable;

/**
 * Runs Java snippets on the thread that asks, as Groovy runs. JShell's own local execution gives
 * each a thread that only JShell can stop, and waits for it however long that takes; here the same
 * checks as in Groovy stop a snippet, and one that cannot be stopped keeps nothing but its own
 * JShell.
 */
final class JavaExecution extends DirectExecutionControl implements ExecutionControlProvider {
  private @Nullable Throwable failure;
  private @Nullable Object read;

  /** What the last snippet threw, which JShell reports as a text; null if it threw nothing. */
  @Nullable Throwable failure() {
    return failure;
  }

  /** What {@link #varValue} was asked for last. */
  @Nullable Object read() {
    return read;
  }

  @Override
  public String name() {
    return "mica";
  }

  @Override
  public ExecutionControl generate(ExecutionEnv environment, Map<String, String> parameters) {
    return this;
  }

  @Override
  public void load(ClassBytecodes[] classes)
      throws ClassInstallException, NotImplementedException, EngineTerminationException {
    super.load(
        Stream.of(classes)
            .map(each -> new ClassBytecodes(each.name(), checked(each.bytecodes())))
            .toArray(ClassBytecodes[]::new));
  }

  @Override
  protected String invoke(Method snippet) throws Exception {
    failure = null;
    try {
      return super.invoke(snippet);
    } catch (InvocationTargetException failed) {
      failure = failed.getCause();
      throw failed;
    } catch (Throwable failed) { // the value's own toString
      failure = failed;
      throw new InvocationTargetException(failed);
    }
  }

  /** The value itself; making a text of it would run its class's code. */
  @Override
  public String varValue(String className, String name) throws InternalException {
    try {
      Field variable = findClass(className).getDeclaredField(name);
      variable.setAccessible(true);
      read = variable.get(null);
      return "";
    } catch (ReflectiveOperationException | LinkageError absent) {
      throw new InternalException(absent.toString());
    }
  }

  private static byte[] checked(byte[] bytes) {
    ClassFile file = ClassFile.of();
    ClassTransform everywhere =
        ClassTransform.transformingMethodBodies(CodeTransform.ofStateful(Checks::new));
    return file.transformClass(file.parse(bytes), everywhere);
  }

  /** Puts a check at the head of each method, and before each jump backwards. */
  private static final class Checks implements CodeTransform {
    private static final ClassDesc INTERRUPT = ClassDesc.of(Interrupt.class.getName());

    private final Set<Label> before = new HashSet<>();

    @Override
    public void atStart(CodeBuilder code) {
      check(code);
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      if (element instanceof LabelTarget target) {
        before.add(target.label());
      } else if (element instanceof BranchInstruction jump && before.contains(jump.target())) {
        check(code);
      }
      code.with(element);
    }

    private static void check(CodeBuilder code) {
      code.invokestatic(INTERRUPT, "check", ConstantDescs.MTD_void);
    }
  }
}
