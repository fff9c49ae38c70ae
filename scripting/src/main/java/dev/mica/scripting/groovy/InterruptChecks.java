package dev.mica.scripting.groovy;

import dev.mica.scripting.run.Interrupt;
import java.util.List;
import org.codehaus.groovy.ast.ClassCodeVisitorSupport;
import org.codehaus.groovy.ast.ClassHelper;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.MethodNode;
import org.codehaus.groovy.ast.expr.ArgumentListExpression;
import org.codehaus.groovy.ast.expr.ClosureExpression;
import org.codehaus.groovy.ast.expr.StaticMethodCallExpression;
import org.codehaus.groovy.ast.stmt.BlockStatement;
import org.codehaus.groovy.ast.stmt.DoWhileStatement;
import org.codehaus.groovy.ast.stmt.ExpressionStatement;
import org.codehaus.groovy.ast.stmt.ForStatement;
import org.codehaus.groovy.ast.stmt.LoopingStatement;
import org.codehaus.groovy.ast.stmt.Statement;
import org.codehaus.groovy.ast.stmt.WhileStatement;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;

/**
 * Puts a check at the head of every loop, closure and method, so that any script can be cancelled.
 * Groovy's own {@code ThreadInterrupt} looks at the thread's flag, which a script clears by
 * catching InterruptedException; this one cannot be swallowed.
 */
final class InterruptChecks extends CompilationCustomizer {
  private static final ClassNode CHECK = ClassHelper.make(Interrupt.class);

  InterruptChecks() {
    super(CompilePhase.CANONICALIZATION);
  }

  @Override
  public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    new Visitor(source).visitClass(type);
  }

  private static final class Visitor extends ClassCodeVisitorSupport {
    private final SourceUnit source;

    Visitor(SourceUnit source) {
      this.source = source;
    }

    @Override
    protected SourceUnit getSourceUnit() {
      return source;
    }

    @Override
    public void visitClosureExpression(ClosureExpression closure) {
      super.visitClosureExpression(closure);
      closure.setCode(checked(closure.getCode()));
    }

    @Override
    public void visitMethod(MethodNode method) {
      super.visitMethod(method);
      if (method.getCode() != null && !method.isSynthetic() && !method.isAbstract()) {
        method.setCode(checked(method.getCode()));
      }
    }

    @Override
    public void visitForLoop(ForStatement loop) {
      super.visitForLoop(loop);
      check(loop);
    }

    @Override
    public void visitWhileLoop(WhileStatement loop) {
      super.visitWhileLoop(loop);
      check(loop);
    }

    @Override
    public void visitDoWhileLoop(DoWhileStatement loop) {
      super.visitDoWhileLoop(loop);
      check(loop);
    }

    private static void check(LoopingStatement loop) {
      loop.setLoopBlock(checked(loop.getLoopBlock()));
    }

    private static Statement checked(Statement body) {
      Statement call =
          new ExpressionStatement(
              new StaticMethodCallExpression(
                  CHECK, "check", ArgumentListExpression.EMPTY_ARGUMENTS));
      BlockStatement block = new BlockStatement();
      block.addStatements(List.of(call, body));
      return block;
    }
  }
}
