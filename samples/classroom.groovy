// Two people at one server, over SSH, with the client that they have: `./mica samples/classroom.groovy`. It needs root,
// OpenSSH's client and busybox. The server has a state directory of its own. It checks each of its steps, and leaves
// nothing behind.
import java.nio.file.Files
import java.nio.file.Path

number = 0

def step(String text) {
  println "\n${++number}. $text"
}

/** Fails the demo where something is not as it must be. */
def check(boolean held, String what) {
  if (!held) {
    throw new IllegalStateException("not as it must be: $what")
  }
  println "as it must be: $what"
}

/** How a program ended, and what it said. */
class Ended {
  int status
  String out
}

/** Runs a program of this host to its end. What is typed is typed at a terminal, which does not go away then. */
def run(List<String> command, String typed = '') {
  def process = new ProcessBuilder(command).redirectErrorStream(true).tap { environment()['MICA_HOME'] = home }.start()
  process.outputStream << typed
  process.outputStream.flush()
  if (!typed) {
    process.outputStream.close()
  }
  def said = process.inputStream.text
  process.outputStream.close()
  new Ended(status: process.waitFor(), out: said)
}

/** The same; fails the demo if it fails. */
def done(List<String> command) {
  def ended = run(command)
  if (ended.status != 0) {
    throw new IllegalStateException("${command.join(' ')} ended with $ended.status: $ended.out")
  }
  ended.out
}

/** The command that starts this Mica, in a process of its own and with what a server needs. */
def mica(String... words) {
  def lib = Path.of(System.getProperty('mica.core')).parent
  [System.getProperty('java.home') + '/bin/java', '--enable-native-access=ALL-UNNAMED',
   '-Dmica.core=' + System.getProperty('mica.core'),
   '-cp', System.getProperty('java.class.path') + ":$lib/server/*", 'dev.mica.shell.Main', *words]*.toString()
}

/** A server; returns when it can be reached. */
def serve() {
  server = new ProcessBuilder(mica('serve', '--listen', '127.0.0.1:0')).tap { environment()['MICA_HOME'] = home }.start()
  def first = server.errorReader().readLine()
  println first
  port = (first =~ /:(\d+),/)[0][1]
}

def options(String user) {
  ['-i', (work / user).location, '-o', 'IdentitiesOnly=yes', '-o', 'StrictHostKeyChecking=no', '-o', 'LogLevel=ERROR',
   '-o', "UserKnownHostsFile=${(work / 'known').location}".toString()]
}

/** What a user types on a machine of their own, where nothing of Mica is installed. */
def ssh(String user, String command, String keys = '') {
  println "$user\$ ssh host $command"
  def terminal = keys ? ['-tt'] : []
  run(['ssh', '-F', 'none', *terminal, *options(user), '-p', port, "$user@127.0.0.1".toString(), command], keys)
}

work = folder(Files.createTempDirectory('mica-server-').toString())
home = (work / 'home').location
root = work / 'class'
server = null

try {
  step 'ann may make things in one folder of this host, and vic may look.'
  Files.createDirectories(root.path)
  [ann: 'operator', vic: 'viewer'].each { user, role ->
    done(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', (work / user).location])
    print done(mica('user', 'add', user, '--role', role, '--key', (work / user).location + '.pub', '--root', root.location))
  }

  step 'The server starts.'
  serve()

  step 'ann brings a file: nothing but scp is needed.'
  (work / 'notes.txt').text = 'what we learn today\n'
  done(['scp', '-q', '-F', 'none', *options('ann'), '-P', port, (work / 'notes.txt').location, 'ann@127.0.0.1:notes.txt'])
  check((root / 'notes.txt').text == 'what we learn today\n', 'it is in her folder')

  step 'She makes a commit of the folder in the background, and leaves. The job stays.'
  job = ssh('ann', 'commit import . class:1 --detach').out.trim()
  check(ssh('ann', "job wait $job").status == 0, 'another session waits for its end')
  print ssh('ann', 'job ls').out

  step 'vic sees the commit, and cannot remove it. What ann does in the background is not shown to her.'
  print ssh('vic', 'commit ls').out
  refused = ssh('vic', 'commit rm class:1')
  print refused.out
  check(refused.status == 3, 'that is not permitted')
  check(ssh('vic', 'job ls -o json').out.readLines().last() == '{"jobs":[]}', 'she has no jobs')

  step 'ann runs a container of her folder, and has a terminal in it.'
  ['bin', 'dev', 'proc', 'sys', 'tmp'].each { Files.createDirectories((root / it).path) }
  Files.copy(Path.of('/bin/busybox'), (root / 'bin/busybox').path, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES)
  ['sh', 'cat', 'sleep', 'tty'].each { Files.createSymbolicLink((root / "bin/$it").path, Path.of('busybox')) }
  started = ssh('ann', 'vm run -d --name box --from . -- sleep 100000')
  check(started.status == 0, "it runs: ${started.out.trim()}")
  shell = ssh('ann', 'vm shell box', 'tty && cat notes.txt; exit 5\n')
  println shell.out
  check(shell.out.contains('/dev/pts/') && shell.out.contains('what we learn today'), 'the terminal is in the container')
  check(shell.status == 5, 'the exit status is that of the shell')

  step 'The server is killed. The container runs on, and the next server finds it.'
  server.destroyForcibly().waitFor()
  serve()
  check(ssh('ann', 'vm exec box -- cat notes.txt').out == 'what we learn today\n', 'it answers')

  step 'Everything that was done, and tried, is in the audit.'
  print done(mica('audit', 'ls'))
  check(run(mica('audit', 'verify')).status == 0, 'nothing of it was changed')
} finally {
  step 'Everything made here is removed again.'
  if (server?.alive) {
    println ssh('ann', 'vm rm --force --all').out.trim()
    server.destroy()
    server.waitFor()
  }
  work.delete()
  println "left: ${work.exists() ? work.location : 'nothing'}"
}
