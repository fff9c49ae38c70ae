// A container of a real Debian, committed while a program in it writes, and sent through a registry:
// `./mica samples/containers.groovy`. It needs root. It checks each of its steps, and leaves nothing behind
// but the base, which is made once for a list of packages: Debian's own tools fetch it.
import java.nio.file.Files
import java.security.MessageDigest

number = 0

def step(String text) {
  println "\n${++number}. $text"
}

/** Runs a program of this host; what it said. */
def host(String... command) {
  def process = new ProcessBuilder(command).redirectErrorStream(true).start()
  def said = process.inputStream.text
  if (process.waitFor() != 0) {
    throw new IllegalStateException("${command.join(' ')} ended with ${process.exitValue()}: $said")
  }
  said
}

/** Fails the demo where something is not as it must be. */
def check(boolean held, String what) {
  if (!held) {
    throw new IllegalStateException("not as it must be: $what")
  }
  println "as it must be: $what"
}

/** Runs a shell script in a container; what it wrote. */
def sh(vm, String script) {
  def ran = vm.exec('sh', '-c', script)
  if (ran.status != 0) {
    throw new IllegalStateException("'$script' ended with $ran.status: $ran.errors")
  }
  ran.output
}

/** A small Debian as a tar; made anew where Debian has other packages by now. */
def base() {
  def cache = folder(System.getenv('XDG_CACHE_HOME') ?: System.getProperty('user.home') + '/.cache') / 'mica'
  def packages = host('apt-cache', 'dumpavail').readLines().findAll { it.startsWith('SHA256: ') }.sort().join('\n')
  def key = MessageDigest.getInstance('SHA-256').digest(packages.bytes).encodeHex().toString().substring(0, 16)
  def tar = cache / "debian-${key}.tar"
  if (!tar.exists()) {
    Files.createDirectories(cache.path)
    def making = cache / "debian-${key}.tar.new"
    def release = new Properties().with { load(new StringReader(folder('/etc/os-release').text)); it }
    host('mmdebstrap', '--variant=minbase', '--quiet', release.VERSION_CODENAME, making.location)
    Files.move(making.path, tar.path)
  }
  tar
}

name = "containers-${ProcessHandle.current().pid()}"
work = folder(Files.createTempDirectory('mica-containers-').toString())
registry = null
made = []

try {
  step 'A base is made of nothing but Debian packages, and imported as an image.'
  image = commits.importFolder(base().location, "$name/base:1", 'a small Debian', ['CMD ["sleep","infinity"]']).commits[0]
  show image

  step 'A container of it runs in a VM of its own, and a program in it writes all the time.'
  web = vm("$name-web") { from image }
  made << web
  web.start()
  println sh(web, 'cat /etc/debian_version; uname -n')
  writer = web.open(new dev.mica.container.ExecSpec(
      ['sh', '-c', 'n=0; while :; do n=$((n+1)); echo $n >> /var/log/numbers; sync /var/log/numbers; done'],
      [:], false, false))

  step 'A real package is installed in it. The VM has no network: the package is copied into it.'
  new ProcessBuilder('apt-get', '-qq', '-o', 'APT::Sandbox::User=root', 'download', 'tree')
      .directory(work.path.toFile()).redirectErrorStream(true).start().with {
        def said = it.inputStream.text
        check(it.waitFor() == 0, "apt-get download tree $said".trim())
      }
  deb = work.list()*.path.find { it.toString().endsWith('.deb') }
  web.copyIn(work / deb.toString(), '/root/tree.deb')
  println sh(web, 'dpkg -i /root/tree.deb && rm /root/tree.deb && tree --version')

  step 'It is committed while the writer writes: the container hardly notices.'
  before = sh(web, 'tail -n 1 /var/log/numbers').trim() as int
  first = web.commit("$name/web:1", message: 'tree is in', change: 'LABEL made.by=demo')
  after = sh(web, 'tail -n 1 /var/log/numbers').trim() as int
  show first
  kept = Files.readAllLines(first.layer.resolve('var/log/numbers'))
  check(kept == (1..kept.size())*.toString(), 'no number is missing in the commit, and none is torn')
  check(before <= kept.size() && kept.size() <= after, "it ends at ${kept.size()}, between $before and $after")
  check(first.verify().every { !it.bad }, 'its layers are what was committed')

  step 'A second container starts from the commit at once.'
  second = vm("$name-second") { from first }
  made << second
  second.start()
  check(sh(second, 'tree --version').contains('tree v'), 'the package is there')
  sh(second, 'rm /usr/bin/tree; echo changed > /etc/motd')

  step 'While it runs it tells what it has changed, which is what a commit would keep.'
  changed = second.diff()
  show changed
  next = second.commit("$name/web:2", message: 'and out again')
  check(next.diff().toList() == changed.toList(), 'the commit has the same changes')

  step 'Squashed, the whole tree is one layer, and needs no base any more.'
  flat = second.commit("$name/flat:1", squash: true)
  check(flat.layers().size() == 1 && !flat.parent().present, 'it is one layer and stands on nothing')
  check(flat.diff(next).isEmpty(), 'it is the same tree')

  step 'What happened between the two.'
  show first.diff(next)
  check(first.diff(next).toList()*.path*.toString().containsAll(['etc/motd', 'usr/bin/tree']), 'both changes are told')

  step 'The commit is pushed to a registry, and pulled back under another name.'
  port = new ServerSocket(0, 1, InetAddress.loopbackAddress).withCloseable { it.localPort }
  (work / 'registry.yml').text = """version: 0.1
storage: { filesystem: { rootdirectory: $work.location/registry } }
http: { addr: 127.0.0.1:$port }
"""
  registry = new ProcessBuilder('docker-registry', 'serve', (work / 'registry.yml').location)
      .redirectErrorStream(true).redirectOutput((work / 'registry.log').path.toFile()).start()
  while (!(work / 'registry.log').text.contains('listening on')) {
    if (!registry.alive) {
      throw new IllegalStateException("docker-registry ended: ${(work / 'registry.log').text}")
    }
  }
  first.push("localhost:$port/web:1")
  pulled = commits.pull("localhost:$port/web:1", Optional.of("$name/back:1" as String), Optional.empty()).commits[0]
  check(pulled.diff(first).isEmpty(), 'what came back is the same tree')
  first.save((work / 'one.tar').location)
  pulled.save((work / 'two.tar').location)
  manifests = ['one', 'two'].collect { host('tar', '-xOf', (work / "${it}.tar").location, 'index.json') =~ /sha256:[0-9a-f]{64}/ }
  check(manifests[0][0] == manifests[1][0], "both have the manifest ${manifests[0][0]}")
  println commits.graph()
} finally {
  step 'Everything made here is removed again.'
  made.each { it.kill(); it.remove() }
  registry?.destroy()
  registry?.waitFor()
  while (commits.list().any { it.refs.any { ref -> ref.startsWith("$name/") } }) {
    commits.list().find { it.refs.any { ref -> ref.startsWith("$name/") } }.remove()
  }
  work.delete()
  println "left: ${work.exists() ? work.location : 'nothing'}"
}
