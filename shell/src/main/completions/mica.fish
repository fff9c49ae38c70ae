# mica.fish - completion of `mica` for fish. What may stand where is asked of `mica --complete`, which is quick.

function __mica_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] --complete $words[2..-1] 2>/dev/null)
        switch $line
            case /
                __fish_complete_directories (commandline -ct)
            case .
                __fish_complete_path (commandline -ct)
            case '*'
                echo $line
        end
    end
end

complete -c mica -f -a '(__mica_complete)'
