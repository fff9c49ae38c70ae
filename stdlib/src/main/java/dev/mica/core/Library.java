package dev.mica.core;

import dev.mica.failure.MicaException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * {@code libmica.so}, loaded at the first call. That it is missing is data: {@link #problem} says
 * so without a throw.
 *
 * @param path where it is, or ought to be
 * @param symbols what it exports; null where there is a problem
 */
@SuppressWarnings("restricted")
record Library(Path path, @Nullable SymbolLookup symbols, Optional<MicaException> problem) {
  /** What this binding was written against: {@code MICA_ABI}. */
  static final int ABI = 11;

  private static final String FILE = "libmica.so";

  // The holder makes loading lazy and once.
  private static final class Host {
    static final Library LIBRARY = open(find());
  }

  static Library get() {
    return Host.LIBRARY;
  }

  /** The library, if there is no problem with it. */
  static Library loaded() {
    Library library = get();
    if (library.problem.isPresent()) {
      throw library.problem.get();
    }
    return library;
  }

  MemorySegment find(Function function) {
    if (symbols == null) {
      throw problem.orElseThrow();
    }
    return symbols
        .find(function.symbol)
        .or(() -> Linker.nativeLinker().defaultLookup().find(function.symbol))
        .orElseThrow(() ->
            MicaException.failed("call " + function.symbol + " in", path, "it is not in there")
                .hint("build it again with: make build"));
  }

  static Library open(Path path) {
    if (!Files.exists(path)) {
      return broken(path, "no such file", null);
    }
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(path, Arena.global());
      int abi = abi(symbols);
      return abi == ABI
          ? new Library(path, symbols, Optional.empty())
          : broken(path, "it speaks version " + abi + ", this program version " + ABI, null);
    } catch (IllegalArgumentException | IllegalCallerException e) {
      return broken(path, String.valueOf(e.getMessage()), e);
    }
  }

  private static int abi(SymbolLookup symbols) {
    Optional<MemorySegment> abi = symbols.find(Function.ABI.symbol);
    if (abi.isEmpty()) {
      throw new IllegalArgumentException("it is not the C core of Mica");
    }
    try {
      return (int)
          Linker.nativeLinker()
              .downcallHandle(abi.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT))
              .invokeExact();
    } catch (Throwable cannotHappen) {
      throw new AssertionError(cannotHappen);
    }
  }

  private static Library broken(Path path, String why, @Nullable Throwable cause) {
    MicaException problem =
        MicaException.failed("load the C core", path, why)
            .hint("build it with make build, or name it with -Dmica.core=FILE");
    return new Library(path, null, Optional.of(cause == null ? problem : problem.because(cause)));
  }

  /** What {@code mica.core} names; else beside our jar, or in the lib directory next to its own. */
  private static Path find() {
    String named = System.getProperty("mica.core");
    if (named != null) {
      return Path.of(named).toAbsolutePath();
    }
    Path directory = home();
    Path beside = directory.resolve(FILE);
    return Stream.of(beside, directory.resolveSibling("lib").resolve(FILE))
        .filter(Files::exists)
        .findFirst()
        .orElse(beside);
  }

  private static Path home() {
    CodeSource source = Library.class.getProtectionDomain().getCodeSource();
    try {
      Path self = source == null ? Path.of("") : Path.of(source.getLocation().toURI());
      Path parent = self.toAbsolutePath().getParent();
      return parent == null ? Path.of("/") : parent;
    } catch (URISyntaxException e) {
      throw new IllegalStateException("the class path has an entry that is no URI", e);
    }
  }
}
