// What Mica does, on real files of this machine: `make tour`, or `./mica samples/tour.groovy`.
// It changes nothing outside of a folder of its own, and leaves nothing behind.
import java.nio.file.Files
import java.nio.file.StandardOpenOption
import java.nio.file.attribute.PosixFilePermissions

number = 0

def step(String text) {
  println "\n${++number}. $text"
}

/** Runs a program; whether it ended well. */
def runs(Map options = [:], List<String> command) {
  try {
    def process = new ProcessBuilder(command)
        .directory(options.in?.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
    process.waitFor() == 0
  } catch (IOException missing) {
    false
  }
}

/** Unpacks a real package into the union: a .deb where there is apt, else a jar that Maven has. */
def unpack(union, work) {
  def apt = ['apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', 'tree']
  if (runs(in: work.path, apt)) {
    def deb = work.list()*.path.find { it.toString().endsWith('.deb') }
    if (runs(['dpkg-deb', '-x', work.resolve(deb.toString()).location, union.at.location])) {
      return "the Debian package $deb"
    }
  }
  def maven = folder(System.getProperty('user.home') + '/.m2/repository/org/jline')
  def jar = maven.exists() ? maven.find { it.path.toString().endsWith('.jar') }[0] : null
  if (jar == null) {
    throw new IllegalStateException(
        'no package to unpack: apt-get download tree failed, and Maven has no jar of org.jline')
  }
  folder("zip:${(maven / jar.path.toString()).location}").copyTo(union / 'opt/jline')
  "the jar ${jar.path.last()}"
}

lowers = ['/usr/share/zoneinfo', '/usr/share/doc'].collect { folder(it) }.findAll { it.exists() }
work = folder(Files.createTempDirectory(folder('/var/tmp').path, 'mica-tour-').toString())
name = "tour-${ProcessHandle.current().pid()}"
made = []

/** In a union of theirs, others than root can change only what belongs to them. */
def own(folders) {
  println 'You are not root, so the tour stands on copies that are yours.'
  folders.collect { it.copyTo(work / it.name) }
}

try {
  step 'This host: what works on it, and the line that mends what does not.'
  show doctor()

  if (System.getProperty('user.name') != 'root') {
    lowers = own(lowers)
  }
  step "A union: ${lowers*.location.join(' and ')} below, an empty folder on top that catches every change."
  u = union {
    lower(*lowers)
    upper work / 'upper'
    at work / 'union'
    name name
  }
  made << u
  show u

  step 'A real package is unpacked into the union; nothing below it changes.'
  println "It is ${unpack(u, work)}."
  show u.diff()

  step 'Files are edited, made, renamed and deleted, a mode and an extended attribute are set.'
  docs = lowers[-1]
  gone = docs.list().find { it.type == Type.DIRECTORY }.path.toString()
  files = docs.find { it.type == Type.FILE && it.path.toString().endsWith('/copyright') }*.path*.toString()
  (edited, moved, closed) = files[-1, -2, -3]
  (u / 'notes.txt').text = 'written through the union\n'
  Files.writeString((u / edited).path, '\nedited\n', StandardOpenOption.APPEND)
  Files.move((u / moved).path, (u / 'renamed').path)
  Files.setPosixFilePermissions((u / closed).path, PosixFilePermissions.fromString('rw-------'))
  (u / gone).delete()
  Files.setAttribute((u / 'notes.txt').path, 'user:origin', 'tour'.bytes)
  println "edited $edited, renamed $moved, closed $closed to others, deleted $gone"

  step 'The same difference as a drawing: + added, ~ modified, - deleted.'
  println u.diff().tree()

  step 'A commit keeps what the union has changed as a layer of its own.'
  first = u.commit("$name:v1", message: 'a package and some edits')
  show first

  step 'Work goes on over that commit, and a second one stands on the first.'
  v = union {
    lower first
    upper work / 'upper2'
    at work / 'union2'
    name "$name-2"
  }
  made << v
  (v / 'notes.txt').text = 'changed after the first commit\n'
  (v / 'etc/tour.conf').text = 'answer = 42\n'
  second = v.commit("$name:v2", message: 'a configuration')
  println commits.graph()

  step 'The older commit is mounted beside the newer one; neither can be written to.'
  made << first.mount("$work.location/$name-v1")
  made << second.mount("$work.location/$name-v2")
  show made[-2..-1]

  step 'What happened between the two, found by comparing the mounted trees.'
  show diff(made[-2], made[-1])

  step 'The same answer comes from the layers alone, without looking at what they share.'
  show first.diff(second)

  step 'The folders below are as they were: the union never wrote to them.'
  println lowers.collect { "$it.location still has ${it.list().size()} entries" }.join('\n')
} finally {
  step 'Everything made here is removed again.'
  made.reverse().each { it.remove() }
  commits.list().findAll { it.refs.any { ref -> ref.startsWith("$name:") } }.each { it.remove() }
  work.delete()
  println "left: ${work.exists() ? work.location : 'nothing'}"
}
