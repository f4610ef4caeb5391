/** Completion for the shells: each asks `devenv complete` with the words of the line. */

export type Shell = 'bash' | 'zsh' | 'fish';

export const completionScript = (shell: Shell): string => scripts[shell];

const bash = `# bash completion of devenv: eval "$(devenv completion bash)"
_devenv() {
  local line files=0 current=\${COMP_WORDS[COMP_CWORD]}
  local words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  # bash cuts words at "=" and ":", devenv gets them whole
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local cword all=()
    _get_comp_words_by_ref -n =: -w all -i cword -c current
    words=("\${all[@]:1:cword}")
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else COMPREPLY+=("$line"); fi
  done < <(devenv complete -- "\${words[@]}" 2>/dev/null)
  if [[ $files == 1 ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$current"; fi
}
complete -F _devenv devenv
`;

const zsh = `#compdef devenv
# zsh completion of devenv: eval "$(devenv completion zsh)", or this in a file _devenv of $fpath
_devenv() {
  local -a found
  local line files=0
  while IFS= read -r line; do
    if [[ $line == :files ]]; then files=1; else found+=("$line"); fi
  done < <(devenv complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( \${#found} )) && compadd -Q -- "\${found[@]}"
  (( files )) && _files
  return 0
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _devenv "$@"; else compdef _devenv devenv; fi
`;

const fish = `# fish completion of devenv: devenv completion fish | source
function __devenv_complete
    set -l words (commandline -opc)[2..-1] (commandline -ct)
    for line in (devenv complete -- $words 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c devenv -f -a '(__devenv_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
