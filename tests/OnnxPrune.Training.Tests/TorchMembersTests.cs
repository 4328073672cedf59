using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace OnnxPrune.Training.Tests;

/// <summary>
/// What the trainer calls of TorchSharp is what torch-members.txt lists: a new line there is a call that the stand-in and the package must both have, with the same signature.
/// </summary>
public sealed class TorchMembersTests
{
    [Fact]
    public void The_trainer_calls_the_listed_members_of_TorchSharp_and_no_others()
    {
        var used = typeof(TorchLibrary).Assembly.Location;

        var members = TorchMembers.Of(used).Order(StringComparer.Ordinal);

        Assert.Equal(File.ReadLines(Path.Combine(AppContext.BaseDirectory, "torch-members.txt")), members);
    }
}

/// <summary>The members of the assembly TorchSharp that another assembly refers to, read from its metadata.</summary>
internal static class TorchMembers
{
    public static IReadOnlySet<string> Of(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var reader = file.GetMetadataReader();
        var names = new Names(reader);
        return reader.MemberReferences.Select(h => reader.GetMemberReference(h))
            .Where(m => m.Parent.Kind == HandleKind.TypeReference && names.IsOfTorch((TypeReferenceHandle)m.Parent))
            .Select(m => Describe(reader, m, names))
            .ToHashSet();
    }

    private static string Describe(MetadataReader reader, MemberReference member, Names names)
    {
        var (type, name) = (names.GetTypeFromReference(reader, (TypeReferenceHandle)member.Parent, 0), reader.GetString(member.Name));
        if (member.GetKind() == MemberReferenceKind.Field)
        {
            return $"{type}.{name}";
        }

        var signature = member.DecodeMethodSignature(names, null);
        return $"{signature.ReturnType} {type}.{name}({string.Join(", ", signature.ParameterTypes)})";
    }

    /// <summary>Type names as C# writes them, without namespaces of the framework.</summary>
    private sealed class Names(MetadataReader metadata) : ISignatureTypeProvider<string, object?>
    {
        public bool IsOfTorch(TypeReferenceHandle handle)
        {
            var type = metadata.GetTypeReference(handle);
            return type.ResolutionScope.Kind switch
            {
                HandleKind.TypeReference => IsOfTorch((TypeReferenceHandle)type.ResolutionScope),
                HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name) == "TorchSharp",
                _ => false,
            };
        }

        public string GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = reader.GetTypeReference(handle);
            var name = reader.GetString(type.Name).Split('`')[0];
            return type.ResolutionScope.Kind == HandleKind.TypeReference
                ? $"{GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0)}.{name}"
                : name;
        }

        public string GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode.ToString().ToLowerInvariant();

        public string GetSZArrayType(string elementType) => $"{elementType}[]";

        public string GetGenericInstantiation(string genericType, System.Collections.Immutable.ImmutableArray<string> typeArguments) =>
            $"{genericType}<{string.Join(", ", typeArguments)}>";

        public string GetGenericMethodParameter(object? genericContext, int index) => $"T{index}";

        public string GetGenericTypeParameter(object? genericContext, int index) => $"T{index}";

        public string GetByReferenceType(string elementType) => $"ref {elementType}";

        public string GetPointerType(string elementType) => $"{elementType}*";

        public string GetModifiedType(string modifier, string unmodifiedType, bool isRequired) => unmodifiedType;

        public string GetPinnedType(string elementType) => elementType;

        public string GetArrayType(string elementType, ArrayShape shape) => $"{elementType}[{new string(',', shape.Rank - 1)}]";

        public string GetFunctionPointerType(MethodSignature<string> signature) => "delegate*";

        public string GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => reader.GetString(reader.GetTypeDefinition(handle).Name);

        public string GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
    }
}
