using Coverage;
using ModelMaker;
using ModelMaker.Styles;
using OnnxPrune.Serialization;
using OnnxPrune.Testing;

namespace OnnxPrune.Tests.Networks;

/// <summary>
/// Networks whose batch, height and width are open, as PyTorch's two exporters write them: as much can be cut as where sizes are known. A
/// sample of all, which <c>tools/coverage --style</c> goes through.
/// </summary>
public sealed class OpenSizeTests
{
    public static TheoryData<string, string> Networks
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var name in new[] { "se_resnet_mini", "shufflenet_v2_mini", "group_norm_mini", "unet_mini", "fcn_mini" })
            {
                data.Add(name, nameof(Style.TorchScript));
                data.Add(name, nameof(Style.Dynamo));
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void As_much_can_be_cut_as_where_sizes_are_known(string name, string style)
    {
        // given
        var network = Catalog.Find(name)!;
        var known = Cover(network);

        // when
        var open = Cover(Catalog.In(style == nameof(Style.Dynamo) ? Style.Dynamo : Style.TorchScript, network));

        // then
        Assert.InRange(open.Share.Parameters, known.Share.Parameters - 1e-9, 1);
        Assert.True(
            NetworkCoverage.Wanted.IsMet(open.After, open.Before),
            $"{open.After.Parameters} of {open.Before.Parameters} parameters are left: {open.Reason}");
        Assert.True(open.Error < MaskedEqualsPruned.Tolerance, $"masked and pruned differ by {open.Error}");
    }

    private static NetworkCoverage Cover(Network network) =>
        NetworkCoverage.Of(
            OnnxFile.FromBytes(Google.Protobuf.MessageExtensions.ToByteArray(MadeNetwork.Make(network, new MakeOptions()).Model)));
}
