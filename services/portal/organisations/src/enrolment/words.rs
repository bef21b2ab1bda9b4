//! Words of how far one organisation is proven.

use portal_frame::words;
use proto::identity::v1::{CheckKind, CheckOutcome, OverrideState};

words! {
    /// The words of the checks of one organisation.
    pub(crate) EnrolmentWords {
        title { "Controles" "Checks" }
        lead_school(school) { "Hoe ver bewezen is dat {school} is wie het zegt, en wat nog ontbreekt. Een incident melden kan altijd." "How far it is proven that {school} is who it says, and what is missing. Reporting an incident is always possible." }
        lead_vendor { "Hoe ver bewezen is wie deze leverancier is, en wat nog ontbreekt." "How far it is proven who this vendor is, and what is missing." }

        level_unproven { "niet bewezen" "not proven" }
        level_provisional { "voorlopig" "provisional" }
        level_confirmed { "bevestigd" "confirmed" }
        level_draft { "nog niet bewezen" "not proven yet" }
        level_may_submit { "mag apps indienen" "may submit apps" }
        level_lapsed { "vervallen" "lapsed" }
        level_suspended { "geschorst" "suspended" }
        level_until(day) { "Geldt tot en met {day}" "Holds until {day}, that day included" }

        needed { "Wat nodig is" "What is needed" }
        what { "Controle" "Check" }
        state { "Status" "Status" }
        todo { "Wat u doet" "What you do" }
        holds { "in orde" "in order" }
        missing { "ontbreekt" "missing" }
        ended { "vervallen" "lapsed" }
        no_end { "Zonder einddatum" "Without an end date" }
        through(day) { "Tot en met {day}" "Until {day}, that day included" }
        nothing_to_do { "Niets" "Nothing" }

        school_register { "School staat in het register van het ministerie" "The school is in the ministry’s register" }
        director { "De directeur meldde zich aan met een sterk middel" "The head teacher signed in with a strong method" }
        board { "Het schoolbestuur bevestigde de school" "The school board confirmed the school" }
        company_register { "Het ondernemingsnummer is actief in de KBO, op deze naam" "The enterprise number is active in the register of companies, under this name" }
        domain { "Het domein is van de leverancier" "The domain is the vendor’s own" }
        todo_school_register { "Vraag het platformteam waarom de school ontbreekt." "Ask the platform team why the school is missing." }
        todo_director { "Het schoolbestuur of het platformteam nodigt de directeur uit. De directeur aanvaardt met eID of itsme." "The school board or the platform team invites the head teacher. The head teacher accepts with eID or itsme." }
        todo_board { "Een bestuurslid bevestigt de school op deze pagina, elk jaar opnieuw." "A board member confirms the school on this page, again each year." }
        todo_company_register { "Het platformteam kijkt dit na. U hoeft niets te doen." "The platform team checks this. You need not do anything." }
        todo_domain { "Zet het record hieronder in de DNS van uw domein." "Put the record below into the DNS of your domain." }

        confirm_title { "Bevestig deze school" "Confirm this school" }
        confirm_text { "U bevestigt namens het schoolbestuur dat deze school en haar directeur zijn wie ze zeggen. Dat geldt een jaar." "For the school board, you confirm that this school and its head teacher are who they say. That holds for a year." }
        confirm { "Bevestig de school" "Confirm the school" }

        details { "Gegevens" "Details" }
        number { "KBO-nummer" "Enterprise number" }
        domain_name { "Domein" "Domain" }
        edit { "Wijzig de gegevens" "Change the details" }
        contact { "Contact voor beveiliging" "Security contact" }

        proof_title { "Bewijs dat het domein van u is" "Prove that the domain is yours" }
        proof_text { "Zet dit TXT-record in de DNS van uw domein en laat het staan. We kijken er elke week naar." "Put this TXT record into the DNS of your domain, and leave it there. We look at it every week." }
        proof_none { "Vraag eerst een record. Het geldt alleen voor deze leverancier en dit domein." "Ask for a record first. It is for this vendor and this domain alone." }
        record_name { "Naam" "Name" }
        record_value { "Waarde" "Value" }
        place_by { "Te plaatsen voor" "To be placed before" }
        last_look { "Laatst gekeken" "Last looked" }
        never_looked { "Nog niet" "Not yet" }
        next_look { "We kijken weer" "We look again" }
        when_asked { "Als u het vraagt" "When you ask" }
        issue { "Vraag een record" "Ask for a record" }
        issue_again { "Vraag een nieuw record" "Ask for a new record" }
        look { "Kijk nu" "Look now" }

        company_title { "Kijk de KBO na" "Check the register of companies" }
        company_text { "Zoek het nummer op in de KBO. Is de onderneming actief, en op deze naam?" "Look the number up in the register of companies. Is the company active, and under this name?" }
        company_outcome { "Wat zegt de KBO?" "What does the register say?" }
        company_active { "Actief, op deze naam" "Active, under this name" }
        company_stopped { "Gestopt, of op een andere naam" "Stopped, or under another name" }
        company_reason { "Waar en wanneer keek u?" "Where and when did you look?" }
        company_reason_wrong { "Schrijf waar u keek, in hoogstens 200 tekens" "Write where you looked, in at most 200 characters" }
        company_save { "Bewaar de controle" "Save the check" }

        overrides { "Uitzonderingen" "Exceptions" }
        overrides_text { "Een uitzondering laat een controle gelden die niet gebeurd is. Iemand stelt voor, een collega keurt goed." "An exception lets a check count that was not made. Somebody proposes, a colleague agrees." }
        overrides_none { "Er zijn geen uitzonderingen." "There are no exceptions." }
        override_kind { "Welke controle?" "Which check?" }
        override_reason { "Waarom?" "Why?" }
        override_reason_hint { "Dit blijft bewaard en de organisatie kan het lezen." "This is kept, and the organisation can read it." }
        override_reason_wrong { "Schrijf waarom, in hoogstens 200 tekens" "Write why, in at most 200 characters" }
        override_day { "Tot en met welke dag?" "Until which day, that day included?" }
        override_day_hint { "Hoogstens een jaar, bijvoorbeeld 30/6/2027." "At most a year, for example 30/6/2027." }
        override_day_wrong { "Kies een dag binnen een jaar, zoals 30/6/2027" "Choose a day within a year, such as 30/6/2027" }
        override_propose { "Stel de uitzondering voor" "Propose the exception" }
        override_agree { "Keur goed" "Agree" }
        override_end { "Stop" "End" }
        why { "Reden" "Reason" }
        until_when { "Tot wanneer" "Until when" }
        act { "Acties" "Actions" }
        state_proposed { "wacht op een collega" "waits for a colleague" }
        state_agreed { "geldt" "counts" }
        state_ended { "gestopt" "ended" }
        state_expired { "niet op tijd goedgekeurd" "not agreed in time" }

        checks { "Wat er gecontroleerd is" "What was checked" }
        checks_none { "Er is nog niets gecontroleerd." "Nothing was checked yet." }
        when { "Wanneer" "When" }
        who { "Door wie" "By whom" }
        result { "Resultaat" "Result" }
        passed { "in orde" "in order" }
        failed { "niet in orde" "not in order" }
        unanswered { "geen antwoord" "no answer" }
        stopped { "geldt niet meer" "counts no more" }
        by_you { "u" "you" }
        by_schildwacht { "Schildwacht, automatisch" "Schildwacht, automatically" }
        by_somebody { "iemand anders" "somebody else" }
        evidence(hash) { "Bewijs: {hash}" "Evidence: {hash}" }

        reason_imported { "Stond in de lijst van het ministerie" "Was in the ministry’s list" }
        reason_invitation { "Aanvaardde de uitnodiging" "Accepted the invitation" }
        reason_board { "Bevestigd door een bestuurslid" "Confirmed by a board member" }
        reason_function_confirmed { "De functie is bevestigd" "The function was confirmed" }
        reason_function_ended { "De functie is gestopt" "The function has ended" }
        reason_token_found { "Het record staat er" "The record is there" }
        reason_no_record { "Er is geen record met die naam" "There is no record with that name" }
        reason_other_token { "Het record heeft een andere waarde" "The record has another value" }
        reason_too_many_aliases { "De naam verwijst te vaak door (CNAME)" "The name refers on too often (CNAME)" }
        reason_no_answer { "De nameserver antwoordde niet. Dat telt niet als nee" "The name server did not answer. That does not count as a no" }

        changed { "Iemand anders wijzigde dit net. Kijk opnieuw na en probeer nog eens." "Somebody else has just changed this. Check again and try once more." }
        own_school { "U bent directeur van deze school. Vraag een ander bestuurslid om te bevestigen." "You are the head teacher of this school. Ask another board member to confirm." }
        no_director { "Nog geen directeur van deze school heeft zich aangemeld. Nodig eerst een directeur uit." "No head teacher of this school has signed in yet. Invite one first." }
        no_token { "Er is nog geen record voor dit domein. Vraag er eerst een." "There is no record for this domain yet. Ask for one first." }
        token_expired { "Dit record is niet op tijd geplaatst. Vraag een nieuw." "This record was not placed in time. Ask for a new one." }
        too_many_tokens { "U vroeg vandaag al vijf records. Plaats het laatste, of wacht tot morgen." "You asked for five records today. Place the last one, or wait until tomorrow." }
        too_many_looks { "We keken vandaag al twintig keer. Een wijziging in de DNS kan een uur duren. Probeer morgen opnieuw." "We looked twenty times today. A change in the DNS may take an hour. Try again tomorrow." }
        own_override { "U stelde dit zelf voor. Vraag een collega om het goed te keuren." "You proposed this yourself. Ask a colleague to agree." }
        override_not_open { "Deze uitzondering is al beantwoord, is te oud, of gaat over een naam of domein dat de leverancier niet meer heeft. Stel ze opnieuw voor." "This exception was answered already, is too old, or is about a name or domain that the vendor no longer has. Propose it again." }
        too_many_overrides { "Er wachten al vijf voorstellen voor deze organisatie. Beantwoord die eerst." "Five proposals for this organisation are waiting. Answer those first." }
    }
}

impl EnrolmentWords {
    pub(crate) const fn kind(self, kind: CheckKind) -> &'static str {
        match kind {
            CheckKind::Unspecified => "",
            CheckKind::SchoolRegister => self.school_register(),
            CheckKind::Director => self.director(),
            CheckKind::Board => self.board(),
            CheckKind::CompanyRegister => self.company_register(),
            CheckKind::Domain => self.domain(),
        }
    }

    /// What to do where it is missing.
    pub(crate) const fn todo_of(self, kind: CheckKind) -> &'static str {
        match kind {
            CheckKind::Unspecified => "",
            CheckKind::SchoolRegister => self.todo_school_register(),
            CheckKind::Director => self.todo_director(),
            CheckKind::Board => self.todo_board(),
            CheckKind::CompanyRegister => self.todo_company_register(),
            CheckKind::Domain => self.todo_domain(),
        }
    }

    pub(crate) const fn outcome(self, outcome: CheckOutcome) -> &'static str {
        match outcome {
            CheckOutcome::Unspecified => "",
            CheckOutcome::Passed => self.passed(),
            CheckOutcome::Failed => self.failed(),
            CheckOutcome::Unanswered => self.unanswered(),
            CheckOutcome::Ended => self.stopped(),
        }
    }

    pub(crate) const fn override_state(self, state: OverrideState) -> &'static str {
        match state {
            OverrideState::Unspecified => "",
            OverrideState::Proposed => self.state_proposed(),
            OverrideState::Agreed => self.state_agreed(),
            OverrideState::Ended => self.state_ended(),
            OverrideState::Expired => self.state_expired(),
        }
    }

    /// A code in words; what a person wrote as it is.
    pub(crate) fn reason(self, reason: &str) -> &str {
        match reason {
            "imported" => self.reason_imported(),
            "invitation_accepted" => self.reason_invitation(),
            "confirmed_by_board" => self.reason_board(),
            "function_confirmed" => self.reason_function_confirmed(),
            "function_ended" => self.reason_function_ended(),
            "token_found" => self.reason_token_found(),
            "no_record" => self.reason_no_record(),
            "other_token" => self.reason_other_token(),
            "too_many_aliases" => self.reason_too_many_aliases(),
            "no_answer" => self.reason_no_answer(),
            written => written,
        }
    }
}
