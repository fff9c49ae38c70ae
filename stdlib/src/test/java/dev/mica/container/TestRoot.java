package dev.mica.container;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A small start folder: busybox, and this host's Python with the tree lab where asked. */
record TestRoot(Path path) {
  private static final Path BUSYBOX = Path.of("/bin/busybox");

  static TestRoot busybox(Path path) throws IOException {
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "etc", "root")) {
      Files.createDirectory(path.resolve(name));
    }
    Files.copy(BUSYBOX, path.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    TestRoot root = new TestRoot(path);
    String _ = run("chroot", path.toString(), "/bin/busybox", "--install", "-s", "/bin");
    return root;
  }

  /** Puts Python in it, and the lab as {@code /lab}. */
  TestRoot withLab() throws IOException {
    Path lab = Path.of(System.getProperty("mica.root"), "stdlib/src/test/lab");
    Path python = Path.of("/usr/bin/python3").toRealPath();
    String libraries = python.getFileName().toString(); // python3.11
    String _ =
        run(
            "sh",
            "-c",
            """
            set -e
            root=$1 python=$2 lab=$3 version=$4
            for file in $(ldd $python | grep -o '/[^ ]*'); do
              mkdir -p $root${file%/*}
              cp -L $file $root$file
            done
            mkdir -p $root/usr/bin $root/usr/lib/$version $root/lab
            cp $python $root/usr/bin/python3
            cp $lab/tree*.py $lab/exchange.py $root/lab
            cd /usr/lib/$version
            find . -name __pycache__ -prune -o -name test -prune -o -type f -print | cpio -pdm --quiet $root/usr/lib/$version
            for file in $(find $root/usr/lib/$version -name '*.so' | xargs ldd 2>/dev/null | grep -o '=> /[^ ]*' | cut -c4- | sort -u); do
              mkdir -p $root${file%/*}
              cp -nL $file $root$file
            done
            """,
            "sh",
            path.toString(),
            python.toString(),
            lab.toString(),
            libraries);
    return this;
  }

  /** Makes a random tree of what a container's root may make, the same for the same seed. */
  void makeTree(int seed, Path tree) throws IOException {
    String _ =
        run(
            "setpriv",
            "--bounding-set=-mknod,-sys_admin",
            "python3",
            path.resolve("lab/treelab.py").toString(),
            "make",
            Integer.toString(seed),
            tree.toString());
  }

  /** Runs a program of this host, which must not fail; all that it says. */
  static String run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    } catch (InterruptedException stop) {
      Thread.currentThread().interrupt();
      throw new IOException(stop);
    }
    assertThat(process.exitValue()).as(said).isZero();
    return said;
  }
}
