// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.constructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import org.simvm.libvirt.LibvirtConnection;

/** What docs/architecture.md says of packages and their order, held against the code. */
@AnalyzeClasses(packages = "org.simvm", importOptions = DoNotIncludeTests.class)
final class StructureTests {
    @ArchTest
    static final ArchRule packages_have_no_cycles =
            slices().matching("org.simvm.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule classes_have_no_cycles = classes()
            .should(new BeFreeOfClassCycles(
                    // Each phase of a boot leads to the next, which holds what it found.
                    "arming.Hooked",
                    // A sealed type, its kinds, and the table of them.
                    "events.Event",
                    "integrity.CheckScheduler"))
            .because("of two classes that need each other neither can be understood alone");

    @ArchTest
    static final ArchRule packages_are_as_the_architecture_lists_them = classes()
            .should(new FollowPackageOrder(
                    "docs/architecture.md",
                    () -> PackageTable.topDown(Path.of("../docs/architecture.md"))));

    @ArchTest
    static final ArchRule packages_are_as_the_readme_lists_them = classes()
            .should(new FollowPackageOrder(
                    "sim-manager/README.md", () -> PackageTable.groundUp(Path.of("README.md"))));

    @ArchTest
    static final ArchRule constructors_start_no_thread = constructors()
            .that()
            .areNotDeclaredIn("org.simvm.exitgate.MonitorProcess")
            .and()
            .areNotDeclaredIn("org.simvm.integrity.QuartzCheckScheduler")
            .should(new StartNoThread());

    @ArchTest
    static final ArchRule static_fields_are_final = fields().that()
            .areStatic()
            .and()
            .areNotDeclaredIn(LibvirtConnection.class.getPackageName() + ".EventLoop")
            .should()
            .beFinal()
            .because("libvirt alone has state of the process: its event loop");

    @ArchTest
    static final ArchRule garbage_is_the_collectors_to_find =
            noClasses().should().callMethod(System.class, "gc");

    @ArchTest
    static final ArchRule quartz_is_for_schedules = only("org.quartz..", "integrity", "settings");

    @ArchTest
    static final ArchRule jaxb_ends_in_settings = only("jakarta.xml.bind..", "schema", "settings");

    @ArchTest
    static final ArchRule schema_classes_end_in_settings = only("org.simvm.schema..", "settings");

    @ArchTest
    static final ArchRule commons_configuration_ends_in_settings =
            only("org.apache.commons.configuration2..", "settings");

    @ArchTest
    static final ArchRule json_is_for_wires_and_files = only(
            "com.fasterxml.jackson..",
            "events",
            "integrity",
            "json",
            "outlets",
            "protocol",
            "qmp",
            "state");

    @ArchTest
    static final ArchRule libvirt_java_ends_in_libvirt = only("org.libvirt..", "libvirt");

    @ArchTest
    static final ArchRule xml_streams_end_with_domains_xml =
            only("javax.xml.stream..", "libvirt", "settings");

    @ArchTest
    static final ArchRule prometheus_is_for_metrics = only("io.prometheus..", "metrics");

    @ArchTest
    static final ArchRule picocli_is_for_the_command_line = only("picocli..", "cli");

    @ArchTest
    static final ArchRule syslog_is_an_outlet = only("com.cloudbees..", "outlets");

    @ArchTest
    static final ArchRule elf_files_are_read_for_regions = only("net.fornwall..", "region");

    @ArchTest
    static final ArchRule logback_is_set_up_by_the_daemon = only("ch.qos.logback..", "daemon");

    private StructureTests() {}

    private static ArchRule only(String library, String... packages) {
        String[] ours = new String[packages.length + 1];
        for (int i = 0; i < packages.length; i++) {
            ours[i] = "org.simvm." + packages[i];
        }
        ours[packages.length] = library;
        return noClasses()
                .that(not(resideInAnyPackage(ours)))
                .should()
                .dependOnClassesThat(resideInAnyPackage(library));
    }
}
