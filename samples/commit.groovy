// Commits: what a union has changed, kept under a name, mounted again and compared.
work = folder(java.nio.file.Files.createTempDirectory('mica-sample-').toString())
(work / 'lower/version').text = '0\n'

first = union { lower work / 'lower'; upper work / 'up1'; at work / 'u1'; name 'sample-1' }
(first / 'version').text = 'one\n'
one = first.commit('sample:v1', message: 'the first')

second = union { lower one; upper work / 'up2'; at work / 'u2'; name 'sample-2' }
(second / 'extra').text = 'extra\n'
two = second.commit('sample:v2', message: 'the second')

println commits.log('sample:v2')*.message
println "changed since: ${two.verify().findAll { it.isBad() }*.id}"
one.diff(two).each { println "$it.kind $it.path" }
old = one.mount("$work.location/old")
println((old / 'version').text)

[old, second, first].each { it.remove() }
[two, one].each { it.remove() }
work.delete()
