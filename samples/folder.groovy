// Folders: places that can be written, read, listed, compared and copied.
work = folder(java.nio.file.Files.createTempDirectory('mica-sample-').toString())

(work / 'a/hosts').text = '127.0.0.1 localhost\n'
(work / 'a/motd').text = 'welcome\n'
(work / 'a').copyTo(work / 'b')
(work / 'b/motd').text = 'welcome back\n'
(work / 'b/new').text = 'new\n'
(work / 'b/hosts').delete()

println((work / 'b').list()*.path)
difference = (work / 'a').diff(work / 'b')
difference.each { println "$it.kind $it.path" }
println difference.summary()

work.delete()
println work.exists()
