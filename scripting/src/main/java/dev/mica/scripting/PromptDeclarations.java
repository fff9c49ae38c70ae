package dev.mica.scripting;

import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import org.codehaus.groovy.ast.ClassHelper;
import org.codehaus.groovy.ast.ClassNode;
import org.codehaus.groovy.ast.ImportNode;
import org.codehaus.groovy.ast.ModuleNode;
import org.codehaus.groovy.ast.expr.BinaryExpression;
import org.codehaus.groovy.ast.expr.CastExpression;
import org.codehaus.groovy.ast.expr.ConstantExpression;
import org.codehaus.groovy.ast.expr.DeclarationExpression;
import org.codehaus.groovy.ast.expr.EmptyExpression;
import org.codehaus.groovy.ast.expr.Expression;
import org.codehaus.groovy.ast.expr.VariableExpression;
import org.codehaus.groovy.ast.stmt.ExpressionStatement;
import org.codehaus.groovy.ast.stmt.Statement;
import org.codehaus.groovy.classgen.GeneratorContext;
import org.codehaus.groovy.control.CompilePhase;
import org.codehaus.groovy.control.SourceUnit;
import org.codehaus.groovy.control.customizers.CompilationCustomizer;

/**
 * Makes what a line declares last: {@code def x = 1} at the top of a line sets the session's
 * variable {@code x}, and imports are remembered for the lines that follow.
 */
final class PromptDeclarations extends CompilationCustomizer {
  private final Map<String, String> imports;

  PromptDeclarations(Map<String, String> imports) {
    super(CompilePhase.CONVERSION);
    this.imports = imports;
  }

  @Override
  public void call(SourceUnit source, GeneratorContext context, ClassNode type) {
    ModuleNode module = source.getAST();
    if (!type.isScript()) {
      return;
    }
    carry(module);
    ListIterator<Statement> statements = module.getStatementBlock().getStatements().listIterator();
    while (statements.hasNext()) {
      Statement statement = statements.next();
      if (statement instanceof ExpressionStatement line
          && line.getExpression() instanceof DeclarationExpression declaration
          && !declaration.isMultipleAssignmentDeclaration()
          && declaration.getAnnotations().isEmpty()) {
        line.setExpression(assignment(declaration));
      }
    }
  }

  private void carry(ModuleNode module) {
    imports.forEach((alias, name) -> {
      if (module.getImport(alias) == null) {
        module.addImport(alias, ClassHelper.make(name));
      }
    });
    for (ImportNode node : module.getImports()) {
      imports.put(node.getAlias(), node.getClassName());
    }
  }

  private static Expression assignment(DeclarationExpression declaration) {
    VariableExpression declared = declaration.getVariableExpression();
    Expression value = declaration.getRightExpression();
    if (value instanceof EmptyExpression) {
      value = ConstantExpression.NULL;
    } else if (!declared.isDynamicTyped()) {
      value = new CastExpression(declared.getOriginType(), value);
    }
    VariableExpression variable = new VariableExpression(declared.getName());
    variable.setSourcePosition(declared);
    Expression assignment = new BinaryExpression(variable, declaration.getOperation(), value);
    assignment.setSourcePosition(declaration);
    return assignment;
  }

  static List<String> starImports() {
    return List.of(
        "dev.mica",
        "dev.mica.folder",
        "dev.mica.union",
        "dev.mica.commit",
        "dev.mica.host",
        "java.nio.file",
        "java.time");
  }
}
