// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What docs/architecture.md says of packages and their order, held against the code. */
@AnalyzeClasses(packages = "org.simvm", importOptions = DoNotIncludeTests.class)
final class StructureTests {
    @ArchTest
    static final ArchRule packages_have_no_cycles =
            slices().matching("org.simvm.(**)").should().beFreeOfCycles();

    private StructureTests() {}
}
