// The warm half of `make bench`: objects already at hand, as at a prompt. One request a line on
// standard input, fields separated by tabs; one answer a line: nanoseconds, then what was done.
System.in.eachLine { line ->
    def (what, a, b, c) = (line.split('\t') as List) + [null, null, null]
    def started = System.nanoTime()
    def done = switch (what) {
        case 'diff' -> folder(a).diff(folder(b)).summary()
        case 'exact' -> folder(a).diffExact(folder(b)).summary()
        case 'union-diff' -> unions.get(a).diff().summary()
        case 'guest' -> (union { lower a; upper b; at c; via guest }).at().list().size()
        case 'commit' -> commits.create(unions.get(a), b, 'bench').method()
        case 'save' -> commits.get(a).save(b, 'layout', c).manifest()
        case 'exec' -> vms.get(a).exec('true').status()
        case 'verify' -> commits.get(a).verify().collect { it.condition() }
        default -> throw new IllegalArgumentException(what)
    }
    println "${System.nanoTime() - started}\t${done}"
    System.out.flush()
}
