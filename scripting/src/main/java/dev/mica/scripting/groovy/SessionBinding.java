package dev.mica.scripting.groovy;

import dev.mica.scripting.run.Context;
import groovy.lang.Binding;

/** The variables of a session, as Groovy wants them. */
final class SessionBinding extends Binding {
  private final Context context;

  SessionBinding(Context context) {
    super(context.variables());
    this.context = context;
  }

  Context context() {
    return context;
  }
}
