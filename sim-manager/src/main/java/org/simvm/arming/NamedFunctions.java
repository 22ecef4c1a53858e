// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Symbol;

/**
 * Finds the function that a hook names, whatever a compiler appended to the name.
 *
 * <p>ThinLTO renames a static function that it moves ({@code .llvm.HASH}), GCC's LTO one whose name
 * is taken ({@code .lto_priv.N}): it is the same function. GCC splits what is rarely executed off
 * ({@code .cold}), which nobody calls. A copy whose parameters it removed or fixed
 * ({@code .isra.N}, {@code .constprop.N}), or without its first test, which callers then make
 * ({@code .part.N}), is called in the function's place: a hook would miss these calls or misread
 * their arguments.
 */
final class NamedFunctions {
    private static final Set<String> SAME = Set.of("llvm", "lto_priv", "localalias");
    private static final Set<String> NEVER_CALLED = Set.of("cold", "cfi_jt", "warn");

    private final Kernel kernel;

    NamedFunctions(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Returns the functions of this name, none twice.
     *
     * @throws NoHookSiteException if there is none, or calls may go to a changed copy
     */
    Collection<Symbol> all(String name) throws NoHookSiteException {
        Map<Long, Symbol> found = new TreeMap<>();
        kernel.symbols(name).stream()
                .filter(Symbol::function)
                .forEach(symbol -> found.putIfAbsent(symbol.address(), symbol));
        for (Symbol derived :
                kernel.derived(name).stream().filter(Symbol::function).toList()) {
            List<String> suffixes =
                    List.of(derived.name().substring(name.length() + 1).split("\\.", -1));
            if (suffixes.stream().anyMatch(NEVER_CALLED::contains)) {
                continue;
            }
            if (!SAME.contains(suffixes.get(0)) || suffixes.size() > 2) {
                throw new NoHookSiteException("the compiler made " + derived.name()
                        + " of it, which is called in its place and takes other arguments");
            }
            found.putIfAbsent(derived.address(), derived);
        }
        if (found.isEmpty()) {
            throw new NoHookSiteException("no function " + name);
        }
        return found.values();
    }

    /**
     * Returns the only function of this name.
     *
     * @throws NoHookSiteException if there is none, or several, or calls may go to a changed copy
     */
    Symbol only(String name) throws NoHookSiteException {
        Collection<Symbol> found = all(name);
        if (found.size() > 1) {
            throw new NoHookSiteException(found.size() + " functions called " + name);
        }
        return found.iterator().next();
    }
}
