package dev.mica.container;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * This host's PostgreSQL in a start folder, with an empty cluster that belongs to {@link #USER},
 * for it does not run as root; and what reads a copy of such a cluster on this host.
 *
 * @param programs where its programs are, here and there
 */
record TestPostgres(Path programs) {
  static final int USER = 65534;

  /** Where a root has its cluster. */
  static final String DATA = "var/lib/pg";

  private static final Path ALL = Path.of("/usr/lib/postgresql");

  static TestPostgres find() throws IOException {
    try (Stream<Path> versions = Files.list(ALL)) {
      return new TestPostgres(versions.max(Path::compareTo).orElseThrow().resolve("bin"));
    }
  }

  /** Puts it into a root that has been made by {@link TestRoot}. */
  void putInto(Path root) throws IOException {
    String _ =
        TestRoot.run(
            "sh",
            "-c",
            """
            set -e
            root=$1 programs=$2 data=$1/$3 user=$4
            for file in $programs/postgres $programs/psql ${programs%/bin}/lib/plpgsql.so ${programs%/bin}/lib/amcheck.so; do
              mkdir -p $root${file%/*}
              cp $file $root$file
              for library in $(ldd $file | grep -o '/[^ ]*'); do
                mkdir -p $root${library%/*}
                cp -nL $library $root$library
              done
            done
            mkdir -p $root/usr/share $root/usr/share/zoneinfo $data
            cp -a /usr/share/postgresql $root/usr/share
            echo "nobody:x:$user:$user::/:/bin/sh" >>$root/etc/passwd
            chown $user:$user $data
            chmod 700 $data
            cd $data
            setpriv --reuid=$user --regid=$user --clear-groups $programs/initdb --no-sync --auth=trust --locale=C \
              --encoding=UTF8 --pgdata=. >/dev/null
            sed -i 's/^\\(log_timezone\\|timezone\\) = .*/\\1 = GMT/' postgresql.conf
            """,
            "sh",
            root.toString(),
            programs.toString(),
            DATA,
            Integer.toString(USER));
  }

  /**
   * Opens what a root has, as after a power cut, in a copy at {@code copy}, and asks it; all that
   * it says.
   */
  String ask(Path root, Path copy, String... questions) throws IOException {
    String _ = TestRoot.run("cp", "-a", root.resolve(DATA).toString(), copy.toString());
    return TestRoot.run(
        "sh",
        "-c",
        "cd $1 && echo \"$4\" | setpriv --reuid=$3 --regid=$3 --clear-groups $2/postgres --single -D . postgres",
        "sh",
        copy.toString(),
        programs.toString(),
        Integer.toString(USER),
        String.join("\n", questions));
  }
}
