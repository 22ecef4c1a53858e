// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.simvm.guest.kernel.KernelUnresolvedException.Step;

/** A kernel whose tables have been found; looks things up in them. */
final class ResolvedKernel implements Kernel {
    private final String banner;
    private final Optional<String> buildId;
    private final VirtualRange image;
    private final VirtualRange text;
    private final SymbolTable symbols;
    private final TypeTable types;
    private final ResolutionTimes times;
    /**
     * What was asked before. Each check asks the same, and an answer is a walk through all
     * structures; no question is a guest's.
     */
    private final Map<String, OptionalInt> offsets = new ConcurrentHashMap<>();

    private final Map<String, OptionalInt> sizes = new ConcurrentHashMap<>();

    ResolvedKernel(
            String banner,
            Optional<String> buildId,
            VirtualRange image,
            VirtualRange text,
            SymbolTable symbols,
            TypeTable types,
            ResolutionTimes times) {
        this.banner = banner;
        this.buildId = buildId;
        this.image = image;
        this.text = text;
        this.symbols = symbols;
        this.types = types;
        this.times = times;
    }

    @Override
    public String version() {
        String[] words = banner.split(" ", 4);
        return words.length > 2 ? words[2] : "";
    }

    @Override
    public String banner() {
        return banner;
    }

    @Override
    public Optional<String> buildId() {
        return buildId;
    }

    @Override
    public VirtualRange image() {
        return image;
    }

    @Override
    public VirtualRange text() {
        return text;
    }

    @Override
    public OptionalLong symbol(String name) {
        int symbol = symbols.find(name);
        return symbol < 0 ? OptionalLong.empty() : OptionalLong.of(symbols.address(symbol));
    }

    @Override
    public List<Symbol> symbols(String name) {
        return symbols.findAll(name).stream().map(this::describe).toList();
    }

    @Override
    public List<Symbol> derived(String name) {
        return symbols.derived(name).mapToObj(this::describe).toList();
    }

    @Override
    public long requireSymbol(String name) throws KernelUnresolvedException {
        List<Integer> found = symbols.findAll(name);
        if (found.isEmpty()) {
            throw missing("has no symbol '" + name + "'");
        }
        if (found.size() > 1) {
            throw missing("has " + found.size() + " symbols '" + name
                    + "', which one is meant can't be told");
        }
        return symbols.address(found.get(0));
    }

    @Override
    public Optional<SymbolOffset> symbolAt(long va) {
        int symbol = image.contains(va) ? symbols.at(va) : -1;
        if (symbol < 0 || !image.contains(symbols.address(symbol))) {
            return Optional.empty();
        }
        return Optional.of(new SymbolOffset(describe(symbol), va - symbols.address(symbol)));
    }

    @Override
    public boolean hasSymbolAt(long va) {
        int symbol = image.contains(va) ? symbols.at(va) : -1;
        return symbol >= 0 && symbols.address(symbol) == va;
    }

    private Symbol describe(int symbol) {
        return new Symbol(
                symbols.name(symbol),
                symbols.address(symbol),
                symbols.type(symbol),
                symbols.end(symbol, image.end()));
    }

    @Override
    public OptionalInt offset(String path) {
        return offsets.computeIfAbsent(path, this::find);
    }

    private OptionalInt find(String path) {
        for (MemberPath alternative : MemberPath.parse(path)) {
            int offset = alternative.resolve(types);
            if (offset != MemberPath.MISSING) {
                return offset < 0 ? OptionalInt.empty() : OptionalInt.of(offset);
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public int requireOffset(String path) throws KernelUnresolvedException {
        for (MemberPath alternative : MemberPath.parse(path)) {
            int offset = alternative.resolve(types);
            switch (offset) {
                case MemberPath.MISSING -> {}
                case MemberPath.UNUSABLE ->
                    throw missing("has '" + alternative
                            + "' as a bit field or in a malformed type: it has no offset");
                case MemberPath.AMBIGUOUS ->
                    throw missing("has several structures '" + alternative.structure()
                            + "' in which '" + alternative + "' is in different places");
                default -> {
                    return offset;
                }
            }
        }
        throw missing("has no member '" + path + "' in its BTF");
    }

    @Override
    public OptionalInt size(String structure) {
        return sizes.computeIfAbsent(structure, this::measure);
    }

    private OptionalInt measure(String structure) {
        for (String alternative : structure.split("\\|", -1)) {
            int[] sizes = sizes(alternative);
            if (sizes.length > 0) {
                return sizes.length > 1 || sizes[0] < 0
                        ? OptionalInt.empty()
                        : OptionalInt.of(sizes[0]);
            }
        }
        return OptionalInt.empty();
    }

    @Override
    public int requireSize(String structure) throws KernelUnresolvedException {
        return size(structure)
                .orElseThrow(() -> missing("has no structure '" + structure
                        + "' in its BTF, or several of different size"));
    }

    @Override
    public Optional<List<Parameter>> parameters(String function) {
        Set<List<Parameter>> found = types.prototypes(function);
        return found.size() == 1 ? found.stream().findFirst() : Optional.empty();
    }

    private int[] sizes(String structure) {
        return Arrays.stream(types.structures(structure.trim()))
                .map(types::size)
                .distinct()
                .toArray();
    }

    private KernelUnresolvedException missing(String what) {
        return new KernelUnresolvedException(Step.LOOKUP, "kernel " + version() + " " + what);
    }

    @Override
    public int symbolCount() {
        return symbols.count();
    }

    @Override
    public int typeCount() {
        return types.count();
    }

    @Override
    public ResolutionTimes times() {
        return times;
    }

    /** For tests: the symbols. */
    SymbolTable symbolTable() {
        return symbols;
    }

    /** For tests: the types. */
    TypeTable typeTable() {
        return types;
    }
}
