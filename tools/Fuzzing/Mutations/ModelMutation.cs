using Fuzzing.Seeds;
using Google.Protobuf;
using Onnx;

namespace Fuzzing.Mutations;

/// <summary>One model's damage: in its bytes, its messages, its graph, or several of them.</summary>
internal static class ModelMutation
{
    private const int Most = 3;

    public static byte[] Apply(byte[] model, Random random)
    {
        if (random.Next(5) == 0)
        {
            return ByteMutation.Apply(model, ModelSeeds.Small(random), random);
        }

        var proto = ModelProto.Parser.ParseFrom(model);
        for (var n = random.Next(1, Most + 1); n > 0; n--)
        {
            if (random.Next(3) == 0)
            {
                MessageMutation.Apply(proto, random);
            }
            else
            {
                GraphMutation.Apply(proto, random);
            }
        }

        var bytes = proto.ToByteArray();
        return random.Next(20) == 0 ? ByteMutation.Apply(bytes, model, random) : bytes;
    }
}
