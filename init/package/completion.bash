# SPDX-License-Identifier: MIT
# Completion for mzinit in bash: loaded by the package bash-completion, or with `source`. For words that it knows nothing about
# bash offers files. zsh takes it, too, after `autoload -U +X compinit bashcompinit && compinit && bashcompinit`.

# PREFIX WORD...: offers the words that begin so. Not compgen -W, which would execute $(...) in a name.
_mzinit_offer() {
    local prefix=$1 word
    shift
    for word; do
        [[ $word == "$prefix"* ]] && COMPREPLY+=("$word")
    done
    # A value follows.
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
}

# OPTION= VALUE...: offers the values of an option that is the word. bash takes what follows the sign for a word of its own.
_mzinit_offer_values() {
    local option=$1
    shift
    _mzinit_offer "${current#*=}" "$@"
    [[ $ZSH_VERSION ]] && COMPREPLY=("${COMPREPLY[@]/#/$option}")
}

# COLUMN of `mzinit shims list`: 1 the commands, 2 the programs that they stand for.
_mzinit_offer_shims() {
    local name
    while IFS= read -r name; do
        printf -v name %q "$name"
        _mzinit_offer "$current" "$name"
    done < <(mzinit shims list 2>/dev/null </dev/null | cut -f "$1" | sort -u)
}

# Programs of the host. Where it ignores case, what was typed stays as it is: bash would replace it by what the names have in common.
_mzinit_offer_programs() {
    local typed=${current//\\/} name
    while IFS= read -r name; do
        printf -v name %q "$typed${name:${#typed}}"
        COMPREPLY+=("$name")
    done < <(mzinit shims available -- "$typed" 2>/dev/null </dev/null)
}

_mzinit_run() {
    local -i index=2
    local host=
    while ((index < cursor)); do
        case ${words[index++]} in
            --host) host=yes ;;
            --with) index+=1 ;;
            --) break ;;
            -*) ;;
            *) return ;; # The arguments are the program's.
        esac
    done
    # Behind "-- FILE", or the file of --with.
    ((index == cursor)) || return
    case $current in
        --pty=*) _mzinit_offer_values --pty= auto always never ;;
        --upload=*) _mzinit_offer_values --upload= auto never ;;
        --text=*)
            _mzinit_offer_values --text= auto never utf-8 utf-16 cp437 cp850 cp852 cp858 cp866 cp1250 cp1251 cp1252
            ;;
        -*) _mzinit_offer "$current" --host --detach --interactive --pty= --text --text= --raw-args --upload= --with ;;
        *)
            [[ $host ]] || return
            _mzinit_offer_programs
            ((${#COMPREPLY[@]} > 0)) || _mzinit_offer_shims 2
            ;;
    esac
}

_mzinit_shims() {
    if ((cursor == 2)); then
        _mzinit_offer "$current" add remove list available
        return
    fi
    case ${words[2]}:$current in
        add:-*) _mzinit_offer "$current" --directory --as ;;
        remove:-* | list:-*) _mzinit_offer "$current" --directory ;;
        add:*) [[ ${words[cursor - 1]} != --directory && ${words[cursor - 1]} != --as ]] && _mzinit_offer_programs ;;
        remove:*) [[ ${words[cursor - 1]} != --directory ]] && _mzinit_offer_shims 1 ;;
        available:*) ((cursor == 3)) && _mzinit_offer_programs ;;
    esac
}

_mzinit() {
    # bash takes "--pty=auto" for three words, and replaces the last one.
    local -a words=()
    local -i index cursor
    local word
    for ((index = 0; index <= COMP_CWORD; ++index)); do
        word=${COMP_WORDS[index]}
        if ((index > 1)) && [[ $word == = || ${COMP_WORDS[index - 1]} == = ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
    done
    cursor=$((${#words[@]} - 1))
    local current=${words[cursor]}
    COMPREPLY=()
    if ((cursor == 1)); then
        _mzinit_offer "$current" register unregister status run identify path broker report config doctor shims \
            --register --help --version
        return
    fi
    case ${words[1]}:$current in
        run:*) _mzinit_run ;;
        shims:*) _mzinit_shims ;;
        config:-*) [[ ${words[2]} == show ]] && _mzinit_offer "$current" --explain ;;
        config:*) ((cursor == 2)) && _mzinit_offer "$current" check show ;;
        register:-*)
            _mzinit_offer "$current" --name --mount-point --interpreter --flags --com --batch --embed-config --protect --replace
            ;;
        unregister:-*) _mzinit_offer "$current" --name --mount-point ;;
        status:-* | doctor:-*) _mzinit_offer "$current" --name --mount-point --json ;;
        identify:-*) _mzinit_offer "$current" --json --route ;;
        path:-*) _mzinit_offer "$current" -a -u -w -m --idempotent ;;
        broker:-*) _mzinit_offer "$current" --socket --key-file ;;
        report:-*) ((cursor < 6)) && _mzinit_offer "$current" --machine --exit-code --signal ;;
    esac
}

complete -o default -F _mzinit mzinit
