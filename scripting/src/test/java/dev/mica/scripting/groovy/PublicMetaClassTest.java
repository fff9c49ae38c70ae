package dev.mica.scripting.groovy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.mica.Mica;
import dev.mica.commit.Commits;
import dev.mica.container.Vms;
import dev.mica.failure.MicaException;
import dev.mica.scripting.Session;
import dev.mica.scripting.Sessions;
import dev.mica.scripting.run.ScriptException;
import dev.mica.scripting.words.PlanBlock;
import dev.mica.scripting.words.UnionBlock;
import dev.mica.scripting.words.VmBlock;
import dev.mica.union.Unions;
import dev.mica.user.Users;
import groovy.lang.Closure;
import groovy.lang.GroovyObject;
import groovy.lang.GroovyRuntimeException;
import groovy.lang.GroovySystem;
import groovy.lang.MetaMethod;
import groovy.lang.MissingFieldException;
import groovy.lang.MissingMethodException;
import groovy.lang.MissingPropertyException;
import groovy.lang.Script;
import java.beans.Introspector;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not public in a class of Mica's is for no script, however it asks. */
@SuppressWarnings("NullAway.Init") // JUnit sets the fields
final class PublicMetaClassTest {
  /** All ways of asking an object or a class for a member of that name. */
  private static final String WAYS =
      """
      def missing(it, name) { throw new MissingPropertyException(name, it.class) }
      def only(it, block) {
        block.delegate = it
        block.resolveStrategy = Closure.DELEGATE_ONLY
        block()
      }
      [
        ofFields: [
          read: { it, name -> it."$name" },
          readWith: { it, name -> it.with { delegate."$name" } },
          readOfDelegate: { it, name -> only(it) { getProperty(name) } },
          readOfMany: { it, name -> [it]*."$name" },
          readByMetaClass: { it, name -> it.metaClass.getProperty(it, name) },
          write: { it, name -> it."$name" = null },
          writeOfDelegate: { it, name -> only(it) { setProperty(name, null) } },
          writeByMetaClass: { it, name -> it.metaClass.setProperty(it, name, null) },
        ],
        ofAttributes: [
          read: { it, name -> it.@"$name" },
          readOfMany: { it, name -> [it]*.@"$name" },
          readByMetaClass: { it, name -> it.metaClass.getAttribute(it, name) },
          write: { it, name -> it.@"$name" = null },
          writeByMetaClass: { it, name -> it.metaClass.setAttribute(it, name, null) },
        ],
        ofMethods: [
          call: { it, name, all -> it."$name"(*all) },
          callOfMany: { it, name, all -> [it]*."$name"(*all) },
          callWith: { it, name, all -> it.with { delegate."$name"(*all) } },
          callOfDelegate: { it, name, all -> only(it) { "$name"(*all) } },
          pointer: { it, name, all -> (it.&"$name")(*all) },
          invoke: { it, name, all -> it.invokeMethod(name, all as Object[]) },
          invokeByMetaClass: { it, name, all -> it.metaClass.invokeMethod(it, name, all as Object[]) },
          respondsTo: { it, name, all -> it.metaClass.respondsTo(it, name) ?: missing(it, name) },
          listed: { it, name, all ->
            it.metaClass.methods.any { it.name == name } || missing(it, name)
          },
        ],
        ofClasses: [
          make: { it, all -> it.newInstance(*all) },
          makeByMetaClass: { it, all -> it.metaClass.invokeConstructor(all as Object[]) },
        ],
      ]
      """;

  /** What needs libraries that only the server has. */
  private static final String OF_THE_SERVER = "dev/mica/license/engine/";

  /** What a block itself answers to, before its delegate is asked. */
  private static final Set<String> OF_BLOCKS =
      Arrays.stream(Closure.class.getMethods())
          .flatMap(method -> Stream.of(method.getName(), property(method.getName())))
          .collect(Collectors.toSet());

  @TempDir Path temp;
  private Sessions test;

  @BeforeEach
  void open() {
    test = new Sessions(temp.resolve("home"));
  }

  /** Those that lie where that one does. */
  private static List<Class<?>> classesBeside(Class<?> one) throws IOException, URISyntaxException {
    Path code = Path.of(one.getProtectionDomain().getCodeSource().getLocation().toURI());
    if (Files.isDirectory(code)) {
      return classes(code);
    }
    try (FileSystem jar = FileSystems.newFileSystem(code)) {
      return classes(jar.getPath("/"));
    }
  }

  private static List<Class<?>> classes(Path code) throws IOException {
    try (Stream<Path> files = Files.walk(code.resolve("dev/mica"))) {
      return files
          .map(file -> code.relativize(file).toString())
          .filter(name -> name.endsWith(".class") && !name.endsWith("package-info.class"))
          .filter(name -> !name.startsWith(OF_THE_SERVER))
          .<Class<?>>map(name -> load(name.substring(0, name.length() - 6).replace('/', '.')))
          .toList();
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, Mica.class.getClassLoader());
    } catch (ClassNotFoundException missing) {
      throw new LinkageError(name, missing);
    }
  }

  @ParameterizedTest
  @ValueSource(classes = {Mica.class, Session.class})
  void noWayLeadsToWhatIsNotPublic(Class<?> one) throws Exception {
    Map<String, Map<String, Closure<?>>> ways = ways();
    List<String> found = new ArrayList<>();
    List<Class<?>> classes = classesBeside(one);
    int asked = 0;
    for (Class<?> type : classes) {
      for (Member member : hidden(type)) {
        asked += askForMember(found, ways, type, member);
      }
      for (Constructor<?> constructor : hiddenConstructors(type)) {
        asked += ask(found, ways, "ofClasses", constructor, type, values(constructor));
      }
    }
    assertThat(found).isEmpty();
    assertThat(asked).as("how often it was asked").isGreaterThan(classes.size());
  }

  private int askForMember(
      List<String> found, Map<String, Map<String, Closure<?>>> ways, Class<?> type, Member member)
      throws Exception {
    Object it = Modifier.isStatic(member.getModifiers()) ? type : object(type);
    String name = member.getName();
    if (it == null) {
      return 0; // no object is of that class itself
    }
    boolean taken = openNames(type).contains(name);
    if (member instanceof Method method) {
      return taken ? 0 : ask(found, ways, "ofMethods", member, it, name, values(method));
    }
    boolean answers =
        taken || it instanceof GroovyObject || it instanceof Collection; // itself, or its elements
    return ask(found, ways, "ofAttributes", member, it, name)
        + (answers ? 0 : ask(found, ways, "ofFields", member, it, name));
  }

  @SuppressWarnings("unchecked")
  private Map<String, Map<String, Closure<?>>> ways() {
    return (Map<String, Map<String, Closure<?>>>) Objects.requireNonNull(test.eval(WAYS));
  }

  private static int ask(
      List<String> found,
      Map<String, Map<String, Closure<?>>> ways,
      String kind,
      Member member,
      Object... arguments) {
    Map<String, Closure<?>> all = Objects.requireNonNull(ways.get(kind));
    all.forEach((way, closure) -> {
      if (way.endsWith("OfDelegate") && OF_BLOCKS.contains(member.getName())) {
        return;
      }
      try {
        Object answer = closure.call(arguments);
        found.add(kind + ", " + way + ": " + member + " answers " + answer);
      } catch (MissingPropertyException | MissingFieldException | MissingMethodException missing) {
        assertThat(member).isNotInstanceOf(Constructor.class);
      } catch (MicaException none) {
        if (!String.valueOf(none.getMessage()).endsWith("there is none of that name")) {
          found.add(kind + ", " + way + ": " + member + " fails with " + none);
        }
      } catch (GroovyRuntimeException unfit) {
        if (!String.valueOf(unfit.getMessage()).startsWith("Could not find matching constructor")) {
          found.add(kind + ", " + way + ": " + member + " fails with " + unfit);
        }
      } catch (RuntimeException | Error failed) {
        found.add(kind + ", " + way + ": " + member + " fails with " + failed);
      }
    });
    return all.size();
  }

  private static List<Member> hidden(Class<?> type) {
    if (Script.class.isAssignableFrom(type)) {
      return List.of(); // a script is its user's
    }
    return Stream.<Member>concat(
            Arrays.stream(type.getDeclaredFields()), Arrays.stream(type.getDeclaredMethods()))
        .filter(member -> !isOpen(member))
        .toList();
  }

  /** Where no other may take the same values. */
  private static List<Constructor<?>> hiddenConstructors(Class<?> type) {
    List<Constructor<?>> all = List.of(type.getDeclaredConstructors());
    return all.stream().anyMatch(PublicMetaClassTest::isOpen) ? List.of() : all;
  }

  private static boolean isOpen(Member member) {
    boolean open = Modifier.isPublic(member.getModifiers());
    for (Class<?> type = member.getDeclaringClass();
        type != null;
        type = type.getEnclosingClass()) {
      open &= Modifier.isPublic(type.getModifiers());
    }
    return open;
  }

  /** Names that Java lets others use of an object of that class, or Groovy adds to all of them. */
  private static Set<String> openNames(Class<?> type) {
    Set<String> names =
        ancestors(type)
            .flatMap(each -> Arrays.stream(each.getDeclaredMethods()))
            .filter(each -> isOpen(each) || !PublicMetaClass.isMica(each.getDeclaringClass()))
            .flatMap(each -> Stream.of(each.getName(), property(each.getName())))
            .collect(Collectors.toSet());
    GroovySystem.getMetaClassRegistry().getMetaClass(type).getMetaMethods().stream()
        .map(MetaMethod::getName)
        .forEach(names::add);
    return names;
  }

  private static String property(String method) {
    return Introspector.decapitalize(method.replaceFirst("^(get|is)(?=[A-Z])", ""));
  }

  private static Stream<Class<?>> ancestors(@Nullable Class<?> type) {
    return type == null
        ? Stream.of(Object.class)
        : Stream.concat(
            Stream.of(type),
            Stream.concat(
                    Stream.ofNullable(type.getSuperclass()), Arrays.stream(type.getInterfaces()))
                .flatMap(PublicMetaClassTest::ancestors));
  }

  /** Those that look for what they do not know among what they have must have something to ask. */
  private @Nullable Object object(Class<?> type) throws Exception {
    Mica mica = test.session.mica();
    Map<Class<?>, Object> real =
        Map.of(
            Unions.class,
            mica.unions(),
            Commits.class,
            mica.commits(),
            Vms.class,
            mica.vms(),
            Users.class,
            mica.users(),
            dev.mica.session.Sessions.class,
            served(mica),
            UnionBlock.class,
            new UnionBlock(mica, Map.of()),
            VmBlock.class,
            new VmBlock("web", mica, Map.of()),
            PlanBlock.class,
            new PlanBlock(mica, Map.of()));
    return real.containsKey(type) ? real.get(type) : blank(type);
  }

  private static dev.mica.session.Sessions served(Mica mica) {
    mica.sessions().serve(true);
    return mica.sessions();
  }

  /** An object of exactly that class, of which nothing is set; null if there can be none. */
  private static @Nullable Object blank(Class<?> type) throws Exception {
    if (type.isInterface() || type.isEnum() || Modifier.isAbstract(type.getModifiers())) {
      return null;
    }
    Class<?> factory = Class.forName("sun.reflect.ReflectionFactory");
    Object made = factory.getMethod("getReflectionFactory").invoke(null);
    Object blank =
        ((Constructor<?>)
                factory
                    .getMethod("newConstructorForSerialization", Class.class, Constructor.class)
                    .invoke(made, type, Object.class.getDeclaredConstructor()))
            .newInstance();
    if (blank instanceof GroovyObject own && own.getMetaClass() == null) {
      own.setMetaClass(GroovySystem.getMetaClassRegistry().getMetaClass(type));
    }
    return blank;
  }

  private static List<?> values(java.lang.reflect.Executable called) {
    return Arrays.stream(called.getParameterTypes())
        .map(PublicMetaClassTest::value)
        .collect(Collectors.toCollection(ArrayList<@Nullable Object>::new));
  }

  private static @Nullable Object value(Class<?> type) {
    return type == boolean.class
        ? (Object) false
        : type == long.class ? (Object) 0L : type.isPrimitive() ? 0 : null;
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        arguments("unions.store", "Unions has no property 'store'"),
        arguments("unions.store = 1", "Unions has no property 'store'"),
        arguments("unions.@store", "Unions has no field 'store'"),
        arguments("folder('/x').@name", "Folder has no field 'name'; leave out the @"),
        arguments("unions.mounterOf(null)", "Unions has no method 'mounterOf'"),
        arguments("unions.lisst()", "Unions has no method 'lisst'; did you mean 'list'?"),
        arguments("folder('/x').lsit()", "Folder has no method 'lsit'; did you mean 'list'?"),
        arguments(
            "@groovy.transform.CompileStatic Object f(dev.mica.union.Unions u) { u.@store }; f(unions)",
            "Unions has no field 'store'"),
        arguments("union { delegate.metaClass = null }", "a union block has no property 'meta"),
        arguments("union { delegate.setMetaClass(null) }", "cannot change a block"),
        arguments("unions.metaClass.more = { 1 }", "cannot change Unions"),
        arguments("unions.class.metaClass.more = { 1 }", "cannot change Unions"));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void theErrorIsThatOfAnUnknownMember(String source, String expected) {
    assertThatThrownBy(() -> test.eval(source))
        .isInstanceOf(ScriptException.class)
        .hasMessageStartingWith(expected);
  }

  @Test
  void whatWasNotChangedIsHiddenStill() {
    for (String source : List.of("unions", "unions.class")) {
      assertThatThrownBy(() -> test.eval(source + ".metaClass.more = { 1 }"))
          .isInstanceOf(ScriptException.class);
      assertThatThrownBy(() -> test.eval("unions.@store")).isInstanceOf(ScriptException.class);
    }
  }

  static Stream<Arguments> usual() {
    return Stream.of(
        arguments("class A { private int x = 3; private m() { x } }; new A().with { x + m() }", 6),
        arguments("class B { private int x = 3 }; new B().@x", 3),
        arguments("class C { }; C.metaClass.more = { 4 }; new C().more()", 4),
        arguments("'abc'.metaClass.more = { 1 }; 'abc'.size()", 3),
        arguments(
            "class L implements dev.mica.folder.LayerSource { private int x = 5; List layers() { [] };"
                + " String label() { '' } }; new L().x + new L().@x",
            10),
        arguments("([label: { 'x' }] as dev.mica.folder.LayerSource).label()", "x"),
        arguments(
            "use(Twice) { 2.twice() }; class Twice { static twice(Integer it) { it * 2 } }", 4),
        arguments("unions.list().size() + unions.with { list().size() }", 0),
        arguments("folder('/a').name", "a"));
  }

  @ParameterizedTest
  @MethodSource("usual")
  void whatIsTheUsersIsAsGroovyHasIt(String source, Object expected) {
    assertThat(test.eval(source)).isEqualTo(expected);
  }
}
