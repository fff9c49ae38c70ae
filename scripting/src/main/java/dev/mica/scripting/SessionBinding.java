package dev.mica.scripting;

import groovy.lang.Binding;

/** The variables of a session, as Groovy wants them. */
final class SessionBinding extends Binding {
  private final Session session;

  SessionBinding(Session session) {
    super(session.variables());
    this.session = session;
  }

  Session session() {
    return session;
  }
}
