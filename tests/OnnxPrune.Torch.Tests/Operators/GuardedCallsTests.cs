using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using OnnxPrune.Torch.Modules;
using OnnxPrune.Torch.Operators;
using TorchSharp;

namespace OnnxPrune.Torch.Tests.Operators;

public sealed class GuardedCallsTests
{
    private const int Call = 0x28;
    private const int VirtualCall = 0x6F;

    // Members of TorchSharp 0.107.0 that make native scalars and do not keep them alive, or let an exception of libtorch end the process;
    // and where each may be called.
    private static readonly Dictionary<string, string> s_allowed = new()
    {
        ["Scalar.op_Implicit"] = nameof(GuardedCalls),
        ["Tensor.add"] = nameof(GuardedCalls),
        ["Tensor.add_"] = nameof(GuardedCalls),
        ["Tensor.addcdiv_"] = nameof(GuardedCalls),
        ["Tensor.addcmul_"] = nameof(GuardedCalls),
        ["Tensor.clamp"] = nameof(GuardedCalls),
        ["Tensor.leaky_relu"] = nameof(GuardedCalls),
        ["Tensor.elu"] = nameof(GuardedCalls),
        ["functional.leaky_relu"] = "",
        ["functional.elu"] = "",
        ["functional.softplus"] = "",
        ["Tensor.softplus"] = "",
        ["Tensor.op_Addition"] = "",
        ["optim.Adam"] = "",
        ["optim.SGD"] = "",
        ["Tensor.matmul"] = nameof(MatrixProducts),
        ["torch.matmul"] = "",
    };

    [Fact]
    public void What_TorchSharp_does_not_guard_is_called_where_it_is_guarded_alone()
    {
        // when
        var calls = UnsafeCalls().ToArray();

        // then
        Assert.NotEmpty(calls);
        Assert.All(calls, c => Assert.Equal(s_allowed[c.Member], c.Caller));
    }

    [Fact]
    public async Task Numbers_arrive_whatever_other_threads_and_the_collector_do()
    {
        // given
        const int Threads = 4;
        const int Rounds = 2_000;
        using var stop = new CancellationTokenSource();
        var collector = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });

        // when
        var wrong = Enumerable.Range(1, Threads).AsParallel().WithDegreeOfParallelism(Threads).Sum(thread =>
        {
            TorchLibrary.SetThreads(1);
            var count = 0;
            for (var i = 0; i < Rounds; i++)
            {
                using var scope = torch.NewDisposeScope();
                var x = torch.ones(3);
                x.Scale(thread);
                x.Increase(x, 2);
                x.IncreaseByProduct(x, x, 0.5);
                count += TensorBridge.Item(x.Times(4).Plus(1).Clamped(0, 1e6)
                    .sum()) == 3 * ((4 * ((3 * thread) + (4.5 * thread * thread))) + 1) ? 0 : 1;
            }

            return count;
        });
        await stop.CancelAsync();
        await collector;

        // then
        Assert.Equal(0, wrong);
    }

    /// <summary>Every call of a member of the list in the compiled library.</summary>
    private static IEnumerable<(string Member, string Caller)> UnsafeCalls()
    {
        using var file = new PEReader(File.OpenRead(typeof(GraphModule).Assembly.Location));
        var metadata = file.GetMetadataReader();
        var members = metadata.MemberReferences
            .Select(handle => (Token: MetadataTokens.GetToken(handle), Name: Name(metadata, metadata.GetMemberReference(handle))))
            .Where(m => s_allowed.ContainsKey(m.Name))
            .ToDictionary(m => m.Token, m => m.Name);
        var found = new List<(string, string)>();
        foreach (var method in metadata.MethodDefinitions.Select(metadata.GetMethodDefinition).Where(m => m.RelativeVirtualAddress != 0))
        {
            var body = file.GetMethodBody(method.RelativeVirtualAddress).GetILBytes()!;
            for (var i = 0; i + 4 < body.Length; i++)
            {
                if (body[i] is Call or VirtualCall && members.TryGetValue(BitConverter.ToInt32(body, i + 1), out var name))
                {
                    found.Add((name, Outermost(metadata, method.GetDeclaringType())));
                }
            }
        }

        return found;
    }

    private static string Name(MetadataReader metadata, MemberReference member) => member.Parent.Kind == HandleKind.TypeReference
        ? $"{metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name)}.{metadata.GetString(member.Name)}"
        : metadata.GetString(member.Name);

    private static string Outermost(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        var type = metadata.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? Outermost(metadata, outer) : metadata.GetString(type.Name);
    }
}
