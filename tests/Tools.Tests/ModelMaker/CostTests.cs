namespace ModelMaker.Tests;

public class CostTests
{
    /// <summary>Published sizes; torchvision's are exact.</summary>
    [Theory]
    [InlineData("resnet20_cifar_A", 269_722, 40.55)]
    [InlineData("resnet56_cifar_A", 853_018, 125.49)]
    [InlineData("resnet110_cifar_A", 1_727_962, 252.89)]
    [InlineData("bottleneck56_v1", 590_426, 87.21)]
    [InlineData("bottleneck56_v2", 590_426, 87.21)]
    public void A_CIFAR_network_has_the_published_parameters_and_macs(string name, long parameters, double millionMacs)
    {
        var made = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions());

        Assert.Equal(parameters, made.Parameters);
        Assert.Equal(millionMacs, made.Macs / 1e6, tolerance: 0.005);
    }

    [Theory]
    [InlineData("resnet18", 11_689_512)]
    [InlineData("resnet34", 21_797_672)]
    [InlineData("resnet50", 25_557_032)]
    [InlineData("resnet101", 44_549_160)]
    [InlineData("resnet152", 60_192_808)]
    public void An_ImageNet_ResNet_has_torchvisions_parameters(string name, long parameters)
    {
        var made = MadeNetwork.Make(Catalog.Find(name)!, new MakeOptions { Size = 32 });

        Assert.Equal(parameters, made.Parameters);
    }

    [Fact]
    public void ResNet_50_has_4_09_billion_macs()
    {
        var made = MadeNetwork.Make(Catalog.Find("resnet50")!, new MakeOptions());

        Assert.Equal(4.09, made.Macs / 1e9, tolerance: 0.005);
    }
}
