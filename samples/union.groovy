// A union: what lies below stays as it is, every change lands in the upper.
work = folder(java.nio.file.Files.createTempDirectory('mica-sample-').toString())
(work / 'lower/kept').text = 'kept\n'
(work / 'lower/gone').text = 'gone\n'

u = union {
  lower work / 'lower'
  upper work / 'upper'
  at work / 'union'
  name 'sample-union'
}
(u / 'gone').delete()
(u / 'made').text = 'made\n'

println u.at.list()*.path
println((work / 'lower').list()*.path)
u.diff().each { println "$it.kind $it.path" }

u.remove()
work.delete()
