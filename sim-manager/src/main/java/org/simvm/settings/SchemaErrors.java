// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.simvm.settings.DomainDocument.Attribute;
import org.simvm.settings.DomainDocument.Element;

/**
 * Puts the validator's errors into words for people.
 *
 * <p>The validator's messages start with the name of the rule in XML Schema 1.0 that was broken
 * ({@code cvc-...}, appendix C of part 1). A wrong attribute value comes as two: first the facet
 * that failed, then {@code cvc-attribute.3} that names the attribute. A rule that is not known here
 * is passed on as the validator says it.
 */
final class SchemaErrors {

    private static final Pattern RULE = Pattern.compile("(?s)(cvc-[A-Za-z0-9.-]+): (.*)");
    private static final Pattern QUOTED = Pattern.compile("'([^']*)'");
    private static final Pattern ATTRIBUTE =
            Pattern.compile("attribute '([^']*)'", Pattern.CASE_INSENSITIVE);
    private static final Pattern ENUMERATION = Pattern.compile("enumeration '\\[([^\\]]*)]'");
    private static final Pattern VALUE_TWICE =
            Pattern.compile("(?s)Duplicate unique value \\[(.*)] declared.*");

    private final ProblemList problems;
    private Element element;
    private String allowed = "";
    private final Set<String> refusedAttributes = new HashSet<>();

    SchemaErrors(ProblemList problems) {
        this.problems = problems;
    }

    /** Says which element the next errors are about. */
    void at(Element current) {
        element = current;
        refusedAttributes.clear();
    }

    /** Tells whether the value of this attribute of the element broke a rule. */
    boolean refused(String attribute) {
        return refusedAttributes.contains(attribute);
    }

    void add(String message) {
        Matcher rule = RULE.matcher(message);
        if (!rule.matches()) {
            problems.add(element, message, "see the schema");
            return;
        }
        String text = rule.group(2);
        switch (rule.group(1)) {
            case "cvc-enumeration-valid" -> {
                Matcher words = ENUMERATION.matcher(text);
                allowed = words.find() ? words.group(1) : "";
            }
            case "cvc-pattern-valid", "cvc-minInclusive-valid", "cvc-datatype-valid.1.2.1" ->
                allowed = "";
            case "cvc-attribute.3" -> wrongValue(first(ATTRIBUTE, text));
            case "cvc-complex-type.4" -> {
                String name = first(QUOTED, text);
                problems.add(
                        element,
                        tag(element) + " lacks the attribute " + name,
                        "add " + name + "=\"...\"");
            }
            case "cvc-complex-type.3.2.2" -> {
                String name = first(QUOTED, text);
                problems.add(
                        element,
                        "unknown attribute " + name + " on " + tag(element),
                        name.contains(":")
                                ? "attributes have no prefix"
                                : "check its spelling, or remove it");
            }
            case "cvc-complex-type.2.1", "cvc-type.3.1.2", "cvc-complex-type.2.3" -> content();
            case "cvc-complex-type.2.4.b" ->
                problems.add(
                        element,
                        tag(element) + " has too little in it",
                        "add what the schema demands, or remove it");
            case "cvc-complex-type.2.4.a", "cvc-complex-type.2.4.d", "cvc-elt.1", "cvc-elt.1.a" ->
                unknownElement();
            case "cvc-identity-constraint.3" ->
                problems.add(
                        element,
                        "a second " + tag(element) + " in " + tag(around()),
                        "keep one of them");
            case "cvc-identity-constraint.4.1" -> nameTwice(text);
            default -> problems.add(element, text, "see the schema");
        }
    }

    private void wrongValue(String attribute) {
        refusedAttributes.add(attribute);
        String value = element.attribute(attribute).orElse("");
        String what = attribute + "=\"" + value + "\" on " + tag(element);
        if (!allowed.isEmpty()) {
            problems.add(element, what + " is not one of " + allowed, "use one of these");
            return;
        }
        switch (attribute) {
            case "name" ->
                problems.add(
                        element,
                        what + " is not a name",
                        "use a letter, then letters, digits and _"
                                + (element.name().equals("monitor") ? " or -" : "")
                                + ", 64 at most");
            case "file" ->
                problems.add(element, what + " is not an absolute path", "start it with /");
            case "cron" ->
                problems.add(
                        element,
                        what + " does not have six or seven fields",
                        "write seconds first and one space between fields, as in \"0 0/10 * * "
                                + "* ?\"");
            case "jitter" ->
                problems.add(
                        element,
                        what + " is not a whole number from 0",
                        "write seconds, digits only");
            default ->
                problems.add(
                        element,
                        what + " is not a whole number from 1",
                        "write digits only; the unit is an attribute of its own");
        }
    }

    private void content() {
        if (!element.text().isBlank()) {
            problems.add(
                    element,
                    "text in " + tag(element),
                    "remove \"" + shortened(element.text().strip()) + "\"");
        } else {
            problems.add(element, tag(element) + " must be empty", "remove what is in it");
        }
    }

    private void unknownElement() {
        String what = "unknown element " + tag(element) + " in " + tag(around());
        if (element.namespace().isEmpty()) {
            problems.add(
                    element,
                    what + ": it has no namespace",
                    "give it the prefix of the elements around it");
        } else if (!element.namespace().equals(SimSettings.NAMESPACE)) {
            problems.add(element, what + ": its namespace is " + element.namespace(), "remove it");
        } else {
            problems.add(element, what, "check its spelling and its place, or remove it");
        }
    }

    private void nameTwice(String text) {
        if (text.contains("identity constraint \"one")) {
            return; // an element that may be there once: told by cvc-identity-constraint.3
        }
        Matcher twice = VALUE_TWICE.matcher(text);
        String value = twice.matches() ? twice.group(1) : "";
        String attribute = element.attributes().stream()
                .filter(a -> a.value().strip().equals(value))
                .map(Attribute::name)
                .findFirst()
                .orElse("name");
        problems.add(
                element,
                "a second " + tag(element) + " with " + attribute + "=\"" + value + "\"",
                "keep one of them");
    }

    private Element around() {
        return element.parent().orElse(element);
    }

    /** Names an element as people call it: prefix left out if it is ours. */
    private static String tag(Element element) {
        boolean ours = element.namespace().equals(SimSettings.NAMESPACE)
                || element.namespace().isEmpty();
        return "<" + (ours ? element.name() : element.qualifiedName()) + ">";
    }

    private static String first(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        return matcher.find() ? matcher.group(1) : "";
    }

    private static String shortened(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }
}
