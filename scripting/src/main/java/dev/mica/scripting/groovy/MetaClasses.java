package dev.mica.scripting.groovy;

import dev.mica.failure.MicaException;
import dev.mica.scripting.help.Help;
import groovy.lang.GroovySystem;
import groovy.lang.MetaClass;
import groovy.lang.MetaClassRegistry;
import groovy.lang.MetaClassRegistryChangeEvent;
import groovy.lang.Script;
import java.util.stream.Stream;
import org.codehaus.groovy.runtime.metaclass.MetaClassRegistryImpl;

/**
 * Gives Mica's classes, and what scripts make of them, meta classes that know their public members.
 * Everything else has Groovy's own. It is no sandbox: whoever may run scripts may use reflection.
 */
final class MetaClasses extends MetaClassRegistry.MetaClassCreationHandle {
  private static final MetaClassRegistryImpl REGISTRY =
      (MetaClassRegistryImpl) GroovySystem.getMetaClassRegistry();

  private MetaClasses() {}

  /** From now on, in the whole process. */
  static void install() {
    REGISTRY.setMetaClassCreationHandle(new MetaClasses());
    // Groovy looks first for a class that is called after each class that it meets; none is ours.
    REGISTRY.getMetaClassCreationHandler().setDisableCustomMetaClassLookup(true);
    REGISTRY.addNonRemovableMetaClassRegistryChangeEventListener(MetaClasses::keep);
  }

  @Override
  @SuppressWarnings("rawtypes") // as Groovy has it
  protected MetaClass createNormalMetaClass(Class type, MetaClassRegistry registry) {
    return knowsMica(type)
        ? new PublicMetaClass(registry, type)
        : super.createNormalMetaClass(type, registry);
  }

  /** A script has its words from Mica, and is the user's all the same. */
  private static boolean knowsMica(Class<?> type) {
    return type.getClassLoader() != null
        && !Script.class.isAssignableFrom(type)
        && isOrExtendsMica(type);
  }

  private static boolean isOrExtendsMica(Class<?> type) {
    return PublicMetaClass.isMica(type)
        || (type.getSuperclass() != null && isOrExtendsMica(type.getSuperclass()))
        || Stream.of(type.getInterfaces()).anyMatch(MetaClasses::isOrExtendsMica);
  }

  private static MicaException cannotChange(Class<?> type) {
    return MicaException.failed("change", Help.get().typeName(type), "its members are Mica's")
        .hint("write a method of your own");
  }

  /** One that a script changes would be Groovy's own, which knows more. */
  private static void keep(MetaClassRegistryChangeEvent change) {
    Class<?> type = change.getClassToUpdate();
    MetaClass now = change.getNewMetaClass();
    if (now == null || now instanceof PublicMetaClass || !PublicMetaClass.isMica(type)) {
      return;
    }
    if (change.isPerInstanceMetaClassChange()) {
      REGISTRY.setMetaClass(change.getInstance(), null);
    } else {
      REGISTRY.removeMetaClass(type);
    }
    throw cannotChange(type);
  }
}
