using System.CommandLine;

namespace OnnxPrune.Cli.Commands;

/// <summary><c>onnxprune completion bash</c>: what makes a shell complete options and their values.</summary>
internal static class CompletionCommand
{
    private const string Usage = """
          eval "$(onnxprune completion bash)"      in ~/.bashrc
          eval "$(onnxprune completion zsh)"       in ~/.zshrc, behind compinit
          onnxprune completion pwsh | Out-String | Invoke-Expression
                                                   in $PROFILE
        """;

    private const string Bash = """
        _onnxprune() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _onnxprune onnxprune
        """;

    private const string Zsh = """
        _onnxprune() {
          local -a words_found
          words_found=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          if [[ -n "${words_found[*]}" ]]; then compadd -- "${words_found[@]}"; else _files; fi
        }
        compdef _onnxprune onnxprune
        """;

    private const string Pwsh = """
        Register-ArgumentCompleter -Native -CommandName onnxprune -ScriptBlock {
          param($word, $line, $position)
          onnxprune "[suggest:$position]" "$line" 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or pwsh" };
        var command = new Command("completion", "Prints what makes a shell complete options and their values.");
        command.Arguments.Add(shell);
        CommandLine.Complete(command, Usage, []);
        command.SetAction(parsed =>
        {
            Console.Out.WriteLine(CommonOptions.Choice("completion", parsed.GetRequiredValue(shell), "bash", "zsh", "pwsh") switch
            {
                "bash" => Bash,
                "zsh" => Zsh,
                _ => Pwsh,
            });
            return ExitCode.Done;
        });
        return command;
    }
}
