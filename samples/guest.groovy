// A union on a host without one. This host's own overlayfs is declared unavailable (run it with
// MICA_WITHOUT=kernel,fuse), so a helper VM union-mounts the folders, and the union comes back here
// as a FUSE mount. Ordinary programs of this host change files in it; each change lands in B.
work = folder(java.nio.file.Files.createTempDirectory('mica-sample-').toString())
a = work / 'A'
b = work / 'B'
s = work / 'S'

/** Runs a program in the union, as a user would in a terminal. */
sh = { String line ->
  def process = new ProcessBuilder('sh', '-euc', line).directory(s.path.toFile())
    .redirectErrorStream(true).start()
  print process.inputStream.text
  if (process.waitFor()) throw new IllegalStateException("failed: $line")
}
landed = { println 'in B: ' + b.find { true }*.path*.toString().findAll { !it.startsWith('repo/.git/') } }

(a / 'hello.c').text = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
(a / 'old/notes').text = 'to be deleted\n'
(a / 'list').text = 'one\n'
before = a.digest()

u = union { lower a; upper b; at s; name 'sample-guest'; via auto }
println "the union is served via ${u.via.name().toLowerCase()}"

println '-- tar packs the sources, and unpacks them elsewhere in the union'
sh 'tar -cf src.tar hello.c list && mkdir unpacked && tar -xf src.tar -C unpacked && ls unpacked'
landed()

println '-- gcc compiles a file that lies in A'
sh 'gcc -o hello hello.c && ./hello'
landed()

println '-- sqlite3 keeps a database'
sh 'sqlite3 data.db "create table t(x); insert into t values(1),(2); pragma integrity_check; select sum(x) from t"'
landed()

println '-- git keeps a repository'
sh 'git init -q repo && cp hello.c repo && cd repo && git add . && git -c user.name=m -c user.email=m@m commit -qm first && git fsck && git log --format=%s'
landed()

println '-- rm and an append: a whiteout, and a copy that was changed'
sh 'rm -r old && echo two >> list'
println "in B: old is a ${(b.list().find { it.path.toString() == 'old' }).type}, list is ${(b / 'list').text.readLines()}"
println "in A: old/notes is ${(a / 'old/notes').text.readLines()}, list is ${(a / 'list').text.readLines()}"

println '-- what the union says of it'
u.diff().findAll { !it.path.toString().startsWith('repo/') }.each { println "$it.kind $it.path" }
println "A is as it was: ${a.digest() == before}"

u.remove()
host.helper.stop()
work.delete()
