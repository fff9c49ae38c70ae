package dev.mica.scripting.groovy;

import java.util.List;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.ModuleNode;
import org.codehaus.groovy.ast.expr.ArgumentListExpression;
import org.codehaus.groovy.ast.expr.BinaryExpression;
import org.codehaus.groovy.ast.expr.CastExpression;
import org.codehaus.groovy.ast.expr.ConstantExpression;
import org.codehaus.groovy.ast.expr.DeclarationExpression;
import org.codehaus.groovy.ast.expr.EmptyExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.ListExpression;
import org.codehaus.groovy.ast.expr.VariableExpression;
import org.codehaus.groovy.ast.stmt.BlockStatement;
import org.codehaus.groovy.ast.stmt.ExpressionStatement;
import org.codehaus.groovy.ast.stmt.Statement;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;

/**
 * Makes what a line declares last: {@code def x = 1} or {@code def (a, b) = pair} at the top of a
 * line sets variables of the session, and the imports of earlier lines hold for this one.
 */
final class PromptDeclarations extends CompilationCustomizer {
  private final Imports imports;
  private Imports own = new Imports();

  PromptDeclarations(Imports imports) {
    super(CompilePhase.CONVERSION);
    this.imports = imports;
  }

  /** The imports of the line that was compiled last. */
  Imports own() {
    return own;
  }

  @Override
  public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    ModuleNode module = source.getAST();
    if (type.equals(module.getClasses().getFirst())) {
      own = Imports.of(module);
      imports.addTo(module);
    }
    if (type.isScript()) {
      module.getStatementBlock().getStatements().replaceAll(PromptDeclarations::lasting);
    }
  }

  private static Statement lasting(Statement statement) {
    if (!(statement instanceof ExpressionStatement line
        && line.getExpression() instanceof DeclarationExpression declaration
        && declaration.getAnnotations().isEmpty())) {
      return statement;
    }
    if (declaration.isMultipleAssignmentDeclaration()) {
      return assignments(declaration);
    }
    line.setExpression(assignment(declaration));
    return line;
  }

  /** All are set from one value; where types were given, each is then converted to its own. */
  private static Statement assignments(DeclarationExpression declaration) {
    List<VariableExpression> declared =
        declaration.getTupleExpression().getExpressions().stream()
            .map(VariableExpression.class::cast)
            .toList();
    Expression all = new ArgumentListExpression(copies(declared));
    BlockStatement block = new BlockStatement();
    block.addStatement(
        new ExpressionStatement(assignment(declaration, all, declaration.getRightExpression())));
    List<VariableExpression> typed =
        declared.stream().filter(each -> !each.isDynamicTyped()).toList();
    for (VariableExpression each : typed) {
      Expression converted = new CastExpression(each.getOriginType(), copy(each));
      block.addStatement(new ExpressionStatement(assignment(declaration, copy(each), converted)));
    }
    if (!typed.isEmpty()) {
      block.addStatement(new ExpressionStatement(new ListExpression(copies(declared))));
    }
    return block;
  }

  private static Expression assignment(DeclarationExpression declaration) {
    VariableExpression declared = declaration.getVariableExpression();
    Expression value = declaration.getRightExpression();
    if (value instanceof EmptyExpression) {
      value = ConstantExpression.NULL;
    } else if (!declared.isDynamicTyped()) {
      value = new CastExpression(declared.getOriginType(), value);
    }
    return assignment(declaration, copy(declared), value);
  }

  private static Expression assignment(
      DeclarationExpression declaration, Expression to, Expression value) {
    Expression assignment = new BinaryExpression(to, declaration.getOperation(), value);
    assignment.setSourcePosition(declaration);
    return assignment;
  }

  private static List<Expression> copies(List<VariableExpression> declared) {
    return declared.stream().map(PromptDeclarations::copy).toList();
  }

  /** The variable of the session, where the declaration has a local one. */
  private static Expression copy(VariableExpression declared) {
    VariableExpression variable = new VariableExpression(declared.getName());
    variable.setSourcePosition(declared);
    return variable;
  }
}
