using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Fuzzing.Mutations;

/// <summary>
/// Damage that keeps to protobuf: any field of any message inside is cleared, repeated, swapped, taken from elsewhere or given a value at
/// the edge.
/// </summary>
internal static class MessageMutation
{
    private const int Deepest = 8;

    public static void Apply(IMessage root, Random random) => Change(Inside(root, random), root, random);

    /// <summary>A message inside; those of long lists are as likely as those that stand alone.</summary>
    private static IMessage Inside(IMessage message, Random random)
    {
        for (var depth = 0; depth < Deepest; depth++)
        {
            var children = message.Descriptor.Fields.InFieldNumberOrder().Select(f => f.Accessor.GetValue(message))
                .Where(v => v is IMessage or IList { Count: > 0 } and not IList { Count: > 0 } or IList { Count: > 0 })
                    .Where(v => v is IMessage || (v is IList l && l[0] is IMessage))
                    .ToArray();
            if (children.Length == 0 || (depth > 0 && random.Next(4) == 0))
            {
                break;
            }

            var child = children[random.Next(children.Length)];
            message = child as IMessage ?? (IMessage)((IList)child)[random.Next(((IList)child).Count)]!;
        }

        return message;
    }

    private static void Change(IMessage message, IMessage root, Random random)
    {
        var fields = message.Descriptor.Fields.InFieldNumberOrder();
        var set = fields
            .Where(f =>
                f.Accessor.GetValue(message) switch
                {
                    IList list =>
                    list.Count > 0,
                    ByteString bytes => bytes.Length > 0,
                    string text => text.Length > 0,
                    null => false,
                    _ => true
                })
            .ToArray();
        var field = set.Length > 0 && random.Next(4) > 0 ? set[random.Next(set.Length)] : fields[random.Next(fields.Count)];
        if (field.IsRepeated)
        {
            ChangeList((IList)field.Accessor.GetValue(message), field, root, random);
        }
        else if (random.Next(4) == 0 || Value(field, field.Accessor.GetValue(message), root, random) is not { } value)
        {
            field.Accessor.Clear(message);
        }
        else
        {
            field.Accessor.SetValue(message, value);
        }
    }

    private static void ChangeList(IList list, FieldDescriptor field, IMessage root, Random random)
    {
        var (i, k) = list.Count == 0 ? (0, 0) : (random.Next(list.Count), random.Next(list.Count));
        switch (list.Count == 0 ? 5 : random.Next(6))
        {
            case 0:
                list.RemoveAt(i);
                break;
            case 1:
                list.Clear();
                break;
            case 2:
                list.Insert(k, list[i] is IMessage message ? Clone(message) : list[i]);
                break;
            case 3:
                (list[i], list[k]) = (list[k], list[i]);
                break;
            case 4 when Value(field, list[i], root, random) is { } value:
                list[i] = value;
                break;
            default:
                if (Value(field, list.Count > 0 ? list[i] : null, root, random) is { } added)
                {
                    list.Insert(k, added);
                }

                break;
        }
    }

    private static object? Value(FieldDescriptor field, object? old, IMessage root, Random random) => field.FieldType switch
    {
        FieldType.Int64 or FieldType.SInt64 => random.Next(2) == 0 && old is long l ? l + random.Next(-2, 3) : Interesting.Number(random),
        FieldType.UInt64 => (ulong)Interesting.Number(random),
        FieldType.Int32 or FieldType.SInt32 => (int)Interesting.Number(random),
        FieldType.UInt32 => (uint)Interesting.Number(random),
        FieldType.Float => (float)Interesting.Real(random),
        FieldType.Double => Interesting.Real(random),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, random.Next(-1, 24)),
        FieldType.String => random.Next(2) == 0 ? Interesting.Text(random) : Borrowed(root, random),
        FieldType.Bytes =>
            ByteString.CopyFrom(ByteMutation.Apply(
                old is ByteString { Length: > 0 } bytes ? bytes.ToByteArray() : [1, 2, 3, 4], [0, 0, 0xc0, 0x7f], random)),
        FieldType.Message =>
            old is IMessage message && random.Next(2) == 0 ? Clone(message) : Activator.CreateInstance(field.MessageType.ClrType),
        _ => null,
    };

    /// <summary>A name that the model knows: what one value is called becomes the name of another.</summary>
    private static string Borrowed(IMessage root, Random random)
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            var message = Inside(root, random);
            var texts = message.Descriptor.Fields.InFieldNumberOrder().Select(f => f.Accessor.GetValue(message))
                .SelectMany(v => v is string s ? [s] : v is IList list ? list.OfType<string>() : []).Where(s => s.Length > 0).ToArray();
            if (texts.Length > 0)
            {
                return texts[random.Next(texts.Length)];
            }
        }

        return "";
    }

    private static IMessage Clone(IMessage message) => message.Descriptor.Parser.ParseFrom(message.ToByteString());
}
